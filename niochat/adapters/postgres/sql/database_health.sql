-- name: orphaned_shards
-- Shards whose owner has not said for ten seconds that it lives.
SELECT count(*) FROM shards s
 WHERE NOT EXISTS (SELECT FROM hosts h
                    WHERE h.incarnation = s.host AND h.seen_at > now() - interval '10 s')

-- name: revision
-- The newest migration that the database has seen.
SELECT version_num FROM alembic_version

-- name: login_owns_tables
-- Whether the log-in of this session owns the tables, or may become who does, or is bound by nothing.
SELECT pg_has_role(session_user, c.relowner, 'MEMBER')
  FROM pg_class c WHERE c.oid = 'public.tenants'::regclass

-- name: current_time
-- Now, whatever the machines' clocks say.
SELECT clock_timestamp()

-- name: needs_log_base
-- Whether the log holds positions that this cluster has not come to: a dump was restored, and
-- niochat migrate did not follow. What a snapshot sees is below its end otherwise.
SELECT EXISTS (SELECT FROM events
                WHERE xid >= (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + log_base())
                             ::text::xid8)
