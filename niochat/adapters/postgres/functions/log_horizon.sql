-- The log position below which all transactions have ended.
CREATE OR REPLACE FUNCTION log_horizon() RETURNS xid8
    LANGUAGE sql STABLE
    RETURN CASE log_base() WHEN 0 THEN pg_snapshot_xmin(pg_current_snapshot())
                ELSE (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + log_base())
                     ::text::xid8 END;
