SET lock_timeout = '5s';

-- The audit log is partitioned by month, so that old months can be dropped (ADR 0057). The table
-- of an installation with data is moved by `niochat audit partition`, beside its writers; a small
-- one is moved here at once. The functions are used by both.

-- Adds the missing months of the audit log from one moment to another to its partitioned table.
-- Returns how many. Months are those of UTC. A month of which the default part has rows already is
-- left out: those rows stay there, and are found as before. A part is built apart and then attached,
-- which lets writers of other parts go on.
CREATE FUNCTION add_audit_months(parent regclass, first_at timestamptz, last_at timestamptz)
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    caller text := current_setting('role');
    month  timestamptz := date_trunc('month', first_at, 'UTC');
    part   text;
    after  timestamptz;
    taken  boolean;
    added  integer := 0;
BEGIN
    WHILE month <= last_at LOOP
        part := 'audit_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        after := date_add(month, '1 month', 'UTC');
        IF to_regclass('public.' || part) IS NULL THEN
            -- The owner sees no row: row-level security is forced.
            PERFORM set_config('role', 'niochat_gate', true);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE at >= %L AND at < %L)',
                           parent, month, after) INTO taken;
            PERFORM set_config('role', caller, true);
            IF NOT taken THEN
                EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                               part, parent);
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
                EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
                EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                               parent, part, month, after);
                added := added + 1;
            END IF;
        END IF;
        month := after;
    END LOOP;
    RETURN added;
END $$;

-- Writes a new row of the audit log to the partitioned table, too, in the same transaction.
CREATE FUNCTION mirror_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_next OVERRIDING SYSTEM VALUE SELECT NEW.*;
    RETURN NULL;
END $$;

-- Begins to move the audit log into a table that is partitioned by month. It has the columns,
-- rights and policies of `audit`. From the commit on each new row is written to both by a trigger;
-- its lock waits until all writers of before have ended, so that whatever is not mirrored is
-- committed and has a number of at most `upto`.
CREATE FUNCTION begin_audit_move() RETURNS void LANGUAGE plpgsql AS $$
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

-- Copies the next rows of the audit log to the partitioned table and stores how far it is, in one
-- transaction: whoever dies is continued. A row that the trigger has mirrored is there already.
CREATE FUNCTION copy_audit_rows(most integer, OUT copied bigint, OUT upto bigint)
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

-- By how many rows the partitioned table differs from the audit log, in one snapshot: zero once all
-- rows are copied, whoever writes meanwhile, because a mirrored row commits with its original.
CREATE FUNCTION count_audit_difference() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    caller    text := current_setting('role');
    different bigint;
BEGIN
    PERFORM set_config('role', 'niochat_gate', true);
    WITH old AS (SELECT count(*) AS rows, sum(hashtextextended(a::text, 0)) AS digest FROM audit a),
         new AS (SELECT count(*) AS rows, sum(hashtextextended(a::text, 0)) AS digest FROM audit_next a)
    SELECT CASE WHEN old.rows = new.rows AND old.digest IS NOT DISTINCT FROM new.digest THEN 0
                ELSE greatest(abs(old.rows - new.rows), 1) END
      INTO different FROM old, new;
    PERFORM set_config('role', caller, true);
    RETURN different;
END $$;

-- Puts the partitioned table in the place of the audit log, in one transaction. Writers wait for
-- its lock and then write to the new table, whose numbers go on behind the old ones.
CREATE FUNCTION finish_audit_move() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM audit_move WHERE copied < upto) THEN
        RAISE EXCEPTION 'the rows of the audit log are not all copied yet';
    END IF;
    PERFORM setval('audit_next_id_seq', last_value, is_called) FROM audit_id_seq;
    DROP TABLE audit, audit_move;
    ALTER TABLE audit_next RENAME TO audit;
    ALTER SEQUENCE audit_next_id_seq RENAME TO audit_id_seq;
    ALTER INDEX audit_next_pkey RENAME TO audit_pkey;
    ALTER INDEX audit_next_of_tenant RENAME TO audit_of_tenant;
    ALTER INDEX audit_next_position RENAME TO audit_position;
END $$;

-- Undoes an unfinished move of the audit log, which stays as it was.
CREATE FUNCTION cancel_audit_move() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TRIGGER IF EXISTS mirror_audit_row ON audit;
    DROP TABLE IF EXISTS audit_next, audit_move;
END $$;

-- Drops the months of the audit log before a moment, and records it in the log: which, how many
-- rows, and the link of the chain from which on it can still be verified. All dropped rows have to
-- be sealed. Rows of the default part stay.
CREATE FUNCTION drop_audit_months(before_at timestamptz, OUT months bigint, OUT rows bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    caller text := current_setting('role');
    parts  text[];
    last   record;
    sealed bigint;
BEGIN
    before_at := date_trunc('month', before_at, 'UTC');
    IF before_at > date_trunc('month', now(), 'UTC') THEN
        RAISE EXCEPTION 'the current month of the audit log cannot be dropped';
    END IF;
    SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO parts
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'audit'::regclass AND c.relname ~ '^audit_\d{4}_\d\d$'
       AND c.relname < 'audit_' || to_char(before_at AT TIME ZONE 'UTC', 'YYYY_MM');
    months := cardinality(parts);
    rows := 0;
    IF months = 0 THEN
        RETURN;
    END IF;
    PERFORM set_config('role', 'niochat_gate', true);
    SELECT count(*) INTO rows FROM audit a
     WHERE a.at < before_at AND a.tableoid::regclass::text = ANY (parts);
    SELECT a.xid, a.id INTO last FROM audit a
     WHERE a.at < before_at ORDER BY a.xid DESC, a.id DESC LIMIT 1;
    IF last.id IS NOT NULL THEN
        SELECT min(l.number) INTO sealed FROM audit_links l
         WHERE (l.upto_xid, l.upto_id) >= (last.xid, last.id);
        IF sealed IS NULL THEN
            RAISE EXCEPTION 'rows of these months are not sealed yet';
        END IF;
        INSERT INTO audit (who_kind, who, action, target, after, address)
        VALUES ('operator', 'operator', 'audit.months_dropped', 'audit', jsonb_build_object(
                    'before', to_char(before_at AT TIME ZONE 'UTC', 'YYYY-MM'), 'rows', rows,
                    'link', sealed), '');
    END IF;
    PERFORM set_config('role', caller, true);
    EXECUTE (SELECT 'DROP TABLE ' || string_agg(quote_ident(part), ', ') FROM unnest(parts) AS part);
END $$;

DO $$
DECLARE
    progress record;
BEGIN
    IF pg_total_relation_size('audit') > 64 * 1024 * 1024 THEN
        RAISE NOTICE 'The audit log is large: run niochat audit partition when it suits you.';
        RETURN;
    END IF;
    -- At once, because a weaker lock would have to be raised while readers hold theirs.
    LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
    PERFORM begin_audit_move();
    LOOP
        SELECT * INTO progress FROM copy_audit_rows(10000);
        EXIT WHEN progress.copied >= progress.upto;
    END LOOP;
    PERFORM finish_audit_move();
END $$;
