SET lock_timeout = '5s';

-- Whoever was identified from an address is recognised there for a while. Their document is in
-- document_sealed already; without it nothing of this is known.
ALTER TABLE contacts
    ADD COLUMN known_contract text,             -- the one that was talked about last
    ADD COLUMN known_phone    text,             -- the telephone it was confirmed from
    ADD COLUMN known_at       timestamptz,      -- when the document was written
    ADD COLUMN shared_at      timestamptz,      -- when another subscriber was looked up from here
    ADD CHECK ((known_contract IS NULL) = (known_at IS NULL)),
    ADD CHECK ((known_phone IS NULL) = (known_at IS NULL)),
    ADD CHECK (known_at IS NULL OR document_sealed IS NOT NULL);

-- The newest visits of somebody, without reading all of them.
DROP INDEX conversations_thread;
CREATE INDEX conversations_thread ON conversations (tenant_id, thread_id, opened_at);

-- Whether an agent has written was not kept: of what agents have now, each may have.
SET LOCAL ROLE niochat_system;
UPDATE conversations SET state = state || '{"spoken_for": true}'
 WHERE status IN ('open', 'snoozed');
RESET ROLE;
