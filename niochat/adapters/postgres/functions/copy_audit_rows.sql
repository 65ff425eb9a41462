-- Copies the next rows of the audit log to the partitioned table and stores how far it is, in one
-- transaction: whoever dies is continued. A row that the trigger has mirrored is there already.
CREATE OR REPLACE FUNCTION copy_audit_rows(most integer, OUT copied bigint, OUT upto bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    caller text := current_setting('role');
    move   record;
    last   bigint;
BEGIN
    PERFORM set_config('role', 'niochat_gate', true);
    SELECT * INTO STRICT move FROM audit_move FOR UPDATE;
    WITH batch AS MATERIALIZED (
        SELECT * FROM audit a WHERE a.id > move.copied AND a.id <= move.upto ORDER BY a.id LIMIT most
    ), put AS (
        INSERT INTO audit_next OVERRIDING SYSTEM VALUE SELECT * FROM batch
            ON CONFLICT (id, at) DO NOTHING
    )
    SELECT max(b.id) INTO last FROM batch b;
    upto := move.upto;
    copied := coalesce(last, upto);
    UPDATE audit_move m SET copied = copy_audit_rows.copied;
    PERFORM set_config('role', caller, true);
END $$;
