SET lock_timeout = '5s';

-- What a tenant gets of what all share while others want it too; weights are the code's.
ALTER TABLE tenants
    ADD COLUMN plan text NOT NULL DEFAULT 'profissional'
        CHECK (plan IN ('basico', 'profissional', 'enterprise'));
ALTER TABLE assistants
    ADD COLUMN turns_at_once integer NOT NULL DEFAULT 100 CHECK (turns_at_once > 0);

-- Who is kept waiting by its own limits, told every few seconds by who holds it back. A row that
-- was not told again lately is over: its teller may be gone.
CREATE TABLE held_back (
    tenant_id uuid NOT NULL REFERENCES tenants,
    teller    text NOT NULL,
    reason    text NOT NULL
        CHECK (reason IN ('flood', 'turns', 'model_throttled', 'erp', 'gateway')),
    since     timestamptz NOT NULL,
    waiting   integer NOT NULL,
    told_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, teller, reason)
);
CREATE INDEX held_back_teller ON held_back (teller);
ALTER TABLE held_back ENABLE ROW LEVEL SECURITY;
ALTER TABLE held_back FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON held_back TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON held_back TO niochat_app;
CREATE POLICY path ON held_back TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON held_back TO niochat_system;
