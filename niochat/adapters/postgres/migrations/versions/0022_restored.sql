SET lock_timeout = '5s';

-- What was done under a key, in the transaction that did it: who dies before the answer is stored
-- leaves that, and the request is not run again. NULL: nothing yet.
ALTER TABLE idempotency_keys ADD COLUMN acted text;
GRANT SELECT (lease, acted), UPDATE (acted) ON idempotency_keys TO niochat_app;
GRANT SELECT (id, lease, acted), UPDATE (acted) ON idempotency_keys TO niochat_system;
CREATE POLICY path ON idempotency_keys TO niochat_system USING (true) WITH CHECK (true);

-- Readers of the log stand at numbers of transactions. A cluster that a dump was restored into counts
-- them from the beginning, and would put what is new before what was read long ago. So positions
-- are these numbers and a base that a migration raises then, by replacing the function: a constant
-- costs nothing, and plans that hold it are made anew.
CREATE FUNCTION log_base() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN 0::bigint;
-- Of what this transaction writes.
CREATE FUNCTION log_position() RETURNS xid8
    LANGUAGE sql STABLE
    RETURN CASE log_base() WHEN 0 THEN pg_current_xact_id()
                ELSE (pg_current_xact_id()::text::bigint + log_base())::text::xid8 END;
-- All transactions below it have ended.
CREATE FUNCTION log_horizon() RETURNS xid8
    LANGUAGE sql STABLE
    RETURN CASE log_base() WHEN 0 THEN pg_snapshot_xmin(pg_current_snapshot())
                ELSE (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + log_base())
                     ::text::xid8 END;
ALTER TABLE events ALTER COLUMN xid SET DEFAULT log_position();
ALTER TABLE audit ALTER COLUMN xid SET DEFAULT log_position();
