SET lock_timeout = '5s';

-- ---------------------------------------------------------------- seeing inside
-- Its shards move away until an operator takes it back, or another process has its name.
ALTER TABLE hosts ADD COLUMN draining boolean NOT NULL DEFAULT false;

-- The command that an event came from, as <type>:<ids>; NULL where nobody wrote it down.
ALTER TABLE events ADD COLUMN cause text;

-- Conversations that take no steps until then. A row, because a pause has to outlive a passivation,
-- a restart of the host and a move of the shard.
CREATE TABLE pauses (
    tenant_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    paused_at timestamptz NOT NULL DEFAULT now(),
    until     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, thread_id),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id)
);

ALTER TABLE pauses ENABLE ROW LEVEL SECURITY;
ALTER TABLE pauses FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON pauses TO niochat_app
    USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON pauses TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON pauses TO niochat_app, niochat_system;
