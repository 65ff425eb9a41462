-- Adds the missing months of the audit log from one moment to another to its partitioned table.
-- Returns how many. Months are those of UTC. A month of which the default part has rows already is
-- left out: those rows stay there, and are found as before. A part is built apart and then attached,
-- which lets writers of other parts go on.
CREATE OR REPLACE FUNCTION add_audit_months(parent regclass, first_at timestamptz, last_at timestamptz)
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
