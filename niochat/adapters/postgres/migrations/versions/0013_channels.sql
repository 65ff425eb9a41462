SET lock_timeout = '5s';

-- What a caller asked for under a key, and what was answered: whoever did not hear it asks again.
CREATE TABLE idempotency_keys (
    id           uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id    uuid REFERENCES tenants,       -- NULL: a superuser outside of all
    caller       uuid NOT NULL,                 -- a user or an API key
    route        text NOT NULL,
    key          text NOT NULL,
    request      bytea NOT NULL,                -- sha256 of what was sent
    lease        uuid NOT NULL,                 -- of who works on it
    leased_until timestamptz NOT NULL,
    status       smallint,                      -- NULL: not answered yet
    answer_sealed bytea,                        -- it may hold what is shown once
    started_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (caller, route, key, tenant_id),
    CHECK ((status IS NULL) = (answer_sealed IS NULL))
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (started_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON idempotency_keys TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY gate ON idempotency_keys TO niochat_gate USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO niochat_gate;
GRANT SELECT (id, tenant_id, caller, route, key, status, started_at) ON idempotency_keys
    TO niochat_app;

-- A provider is changed in one transaction with what is written down of it: the path may add to the
-- log, and not read it.
CREATE POLICY path ON audit FOR INSERT TO niochat_system WITH CHECK (true);
GRANT INSERT ON audit TO niochat_system;
