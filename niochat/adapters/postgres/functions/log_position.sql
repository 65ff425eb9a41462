-- The log position of everything that this transaction writes.
CREATE OR REPLACE FUNCTION log_position() RETURNS xid8
    LANGUAGE sql STABLE
    RETURN CASE log_base() WHEN 0 THEN pg_current_xact_id()
                ELSE (pg_current_xact_id()::text::bigint + log_base())::text::xid8 END;
