SET lock_timeout = '5s';

-- A document (CPF, CNPJ) is sealed. What finds it is a blind index: an HMAC under a key that is
-- derived from the one that sealed it, so that nobody without that key can try all numbers.
ALTER TABLE contacts
    ADD COLUMN document_sealed bytea,
    ADD COLUMN document_index bytea,
    ADD COLUMN notes text NOT NULL DEFAULT '' CHECK (length(notes) <= 4000),
    ADD COLUMN name_folded text NOT NULL
        GENERATED ALWAYS AS (left(trim(folded(coalesce(name, ''))), 200)) STORED,
    ADD CHECK ((document_sealed IS NULL) = (document_index IS NULL));
CREATE INDEX contacts_name ON contacts (tenant_id, name_folded, id) WHERE merged_into IS NULL;
CREATE INDEX contacts_document ON contacts (tenant_id, document_index)
    WHERE document_index IS NOT NULL;
-- For sealing anew: all tenants' documents, in an order.
CREATE INDEX contacts_sealed ON contacts (id) WHERE document_sealed IS NOT NULL;
CREATE INDEX conversations_thread ON conversations (tenant_id, thread_id);
