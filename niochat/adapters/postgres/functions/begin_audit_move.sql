-- Begins to move the audit log into a table that is partitioned by month. It has the columns,
-- rights and policies of `audit`. From the commit on each new row is written to both by a trigger;
-- its lock waits until all writers of before have ended, so that whatever is not mirrored is
-- committed and has a number of at most `upto`.
CREATE OR REPLACE FUNCTION begin_audit_move() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    caller   text := current_setting('role');
    first_at timestamptz;
    highest  bigint;
BEGIN
    CREATE TABLE audit_next (
        LIKE audit INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
        CONSTRAINT audit_next_pkey PRIMARY KEY (id, at),
        CONSTRAINT audit_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants
    ) PARTITION BY RANGE (at);
    ALTER TABLE audit_next ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
        SEQUENCE NAME audit_next_id_seq);
    CREATE INDEX audit_next_of_tenant ON audit_next (tenant_id, id);
    CREATE INDEX audit_next_position ON audit_next (xid, id);
    ALTER TABLE audit_next ENABLE ROW LEVEL SECURITY;
    ALTER TABLE audit_next FORCE ROW LEVEL SECURITY;
    CREATE POLICY own_rows ON audit_next TO niochat_app
        USING (tenant_id = (SELECT current_tenant()))
        WITH CHECK (tenant_id = (SELECT current_tenant()));
    CREATE POLICY gate ON audit_next TO niochat_gate USING (true) WITH CHECK (true);
    CREATE POLICY path ON audit_next FOR INSERT TO niochat_system WITH CHECK (true);
    GRANT SELECT, INSERT ON audit_next TO niochat_app, niochat_gate;
    GRANT INSERT ON audit_next TO niochat_system;
    -- Rows of months that have no part go here, so that a writer never fails for want of one.
    CREATE TABLE audit_other PARTITION OF audit_next DEFAULT;
    ALTER TABLE audit_other ENABLE ROW LEVEL SECURITY;
    ALTER TABLE audit_other FORCE ROW LEVEL SECURITY;
    CREATE TABLE audit_move (upto bigint NOT NULL, copied bigint NOT NULL);
    GRANT SELECT, UPDATE ON audit_move TO niochat_gate;
    CREATE TRIGGER mirror_audit_row AFTER INSERT ON audit
        FOR EACH ROW EXECUTE FUNCTION mirror_audit_row();

    PERFORM set_config('role', 'niochat_gate', true);
    SELECT min(at) INTO first_at FROM (SELECT at FROM audit ORDER BY id LIMIT 10000) AS oldest;
    SELECT coalesce(max(id), 0) INTO highest FROM audit;
    PERFORM set_config('role', caller, true);
    INSERT INTO audit_move VALUES (highest, 0);
    PERFORM add_audit_months('audit_next', coalesce(first_at, now()), now() + interval '1 year');
END $$;
