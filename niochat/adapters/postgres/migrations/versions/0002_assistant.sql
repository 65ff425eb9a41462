SET lock_timeout = '5s';

-- ---------------------------------------------------------------- the provider's ERP
CREATE TABLE erps (
    tenant_id     uuid PRIMARY KEY REFERENCES tenants,
    kind          text NOT NULL DEFAULT 'sgp' CHECK (kind IN ('sgp')),
    base_url      text NOT NULL,
    app           text NOT NULL,
    token_sealed  bytea NOT NULL,
    ticket_kinds  jsonb NOT NULL DEFAULT '{}',  -- the provider's own codes by category
    calls_at_once integer NOT NULL DEFAULT 8 CHECK (calls_at_once > 0),
    per_minute    integer NOT NULL DEFAULT 600 CHECK (per_minute > 0),
    timeout_s     double precision NOT NULL DEFAULT 32 CHECK (timeout_s > 0),
    capabilities  jsonb,                        -- what the last probe found; NULL: never probed
    probed_at     timestamptz
);

-- ---------------------------------------------------------------- a turn's tools
-- What the assistant knows of a visit: who writes, which contract, what was wanted. Its own table,
-- because it changes within turns, not in steps, and because erasure must find it.
CREATE TABLE memories (
    tenant_id       uuid NOT NULL,
    conversation_id uuid NOT NULL,
    facts           jsonb NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, conversation_id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
ALTER TABLE assistants
    ADD COLUMN price_in  numeric(12, 4) NOT NULL DEFAULT 0 CHECK (price_in >= 0),   -- per million tokens
    ADD COLUMN price_out numeric(12, 4) NOT NULL DEFAULT 0 CHECK (price_out >= 0);
ALTER TABLE turns ADD COLUMN cost numeric(14, 6) NOT NULL DEFAULT 0;
CREATE INDEX turns_conversation ON turns (tenant_id, conversation_id, started_at);

-- 'sending': the request may have left; only re-reading the ERP tells. 'started' never left.
ALTER TABLE erp_writes
    ADD COLUMN left_at timestamptz,
    DROP CONSTRAINT erp_writes_status_check,
    ADD CONSTRAINT erp_writes_status_check
        CHECK (status IN ('started', 'sending', 'done', 'refused'));
CREATE INDEX erp_writes_turn ON erp_writes (tenant_id, turn_id);
CREATE INDEX erp_writes_open ON erp_writes (tenant_id, journaled_at)
    WHERE status IN ('started', 'sending');

-- ---------------------------------------------------------------- files that leave
CREATE TABLE attachments (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    id         uuid NOT NULL,
    mimetype   text NOT NULL,
    filename   text NOT NULL,
    data       bytea NOT NULL CHECK (octet_length(data) <= 16 * 1024 * 1024),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX attachments_age ON attachments (created_at);
ALTER TABLE outbox
    ADD COLUMN kind text NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'image', 'document')),
    ADD COLUMN attachment_id uuid,
    ADD FOREIGN KEY (tenant_id, attachment_id) REFERENCES attachments (tenant_id, id);
CREATE INDEX outbox_attachment ON outbox (tenant_id, attachment_id) WHERE attachment_id IS NOT NULL;

-- ---------------------------------------------------------------- row-level security
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['erps', 'memories', 'attachments'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO niochat_app
             USING (tenant_id = (SELECT current_tenant()))
             WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO niochat_app', t);
    END LOOP;
    -- The path delivers files and applies providers; it has no business in memories.
    FOREACH t IN ARRAY ARRAY['erps', 'attachments'] LOOP
        EXECUTE format('CREATE POLICY path ON %I TO niochat_system USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO niochat_system', t);
    END LOOP;
END $$;
