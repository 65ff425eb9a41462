SET lock_timeout = '5s';

-- Writes to the ERP that an agent requests have no turn. They name the conversation, the user or API
-- key, and the order: repeats of one request have the same order, another request has another one.

ALTER TABLE erp_writes
    ALTER COLUMN turn_id DROP NOT NULL,
    ADD COLUMN order_id uuid,
    ADD COLUMN conversation_id uuid,
    ADD COLUMN requested_by text,
    ADD FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    ADD CONSTRAINT erp_writes_origin CHECK
        (turn_id IS NOT NULL AND num_nulls(order_id, conversation_id, requested_by) = 3
         OR turn_id IS NULL AND num_nulls(order_id, conversation_id, requested_by) = 0) NOT VALID;
ALTER TABLE erp_writes VALIDATE CONSTRAINT erp_writes_origin;
CREATE INDEX erp_writes_conversation ON erp_writes (tenant_id, conversation_id)
    WHERE conversation_id IS NOT NULL;
