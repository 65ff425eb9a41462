-- By how many rows the partitioned table differs from the audit log, in one snapshot: zero once all
-- rows are copied, whoever writes meanwhile, because a mirrored row commits with its original.
CREATE OR REPLACE FUNCTION count_audit_difference() RETURNS bigint LANGUAGE plpgsql AS $$
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
