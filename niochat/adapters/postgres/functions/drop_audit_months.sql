-- Drops the months of the audit log before a moment, and records it in the log: which, how many
-- rows, and the link of the chain from which on it can still be verified. All dropped rows have to
-- be sealed. Rows of the default part stay.
CREATE OR REPLACE FUNCTION drop_audit_months(before_at timestamptz, OUT months bigint, OUT rows bigint)
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
