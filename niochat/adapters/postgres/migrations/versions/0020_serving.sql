SET lock_timeout = '5s';

-- Processes log in as a role that owns nothing and works as niochat_system, niochat_app or
-- niochat_gate (adapters/postgres/migrate.py grants that). What everybody has by default is more
-- than these need.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;  -- databases that began before PostgreSQL 15
EXCEPTION WHEN insufficient_privilege THEN
    NULL;  -- the database is another's: its owner decides
END $$;

-- Commands ask which schema this is, and say what to do when it is another release's.
GRANT SELECT ON alembic_version TO niochat_system;
