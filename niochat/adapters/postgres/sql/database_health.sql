-- name: orphaned_shards
-- The number of shards whose owner has sent no sign of life for ten seconds.
SELECT count(*) FROM shards s
 WHERE NOT EXISTS (SELECT FROM hosts h
                    WHERE h.incarnation = s.host AND h.seen_at > now() - interval '10 s')

-- name: revision
-- The latest migration of the database.
SELECT version_num FROM alembic_version

-- name: login_owns_tables
-- Whether the login of this session owns the tables, may become their owner, or is a superuser.
SELECT pg_has_role(session_user, c.relowner, 'MEMBER')
  FROM pg_class c WHERE c.oid = 'public.tenants'::regclass

-- name: current_time
-- The current time of the database, independent of the machines' clocks.
SELECT clock_timestamp()

-- name: needs_log_base
-- Whether the log contains positions that this cluster has not reached: then a dump was restored
-- and `niochat migrate` has not run since. Otherwise all positions lie below the end of the current
-- snapshot.
SELECT EXISTS (SELECT FROM events
                WHERE xid >= (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + log_base())
                             ::text::xid8)

-- name: audit_months
-- Whether the audit log has months, whether a move into months is unfinished, and whether the month
-- after the next one has a part.
SELECT c.relkind = 'p' AS partitioned, to_regclass('public.audit_move') IS NOT NULL AS moving,
       to_regclass('public.audit_' || to_char((now() + interval '2 months') AT TIME ZONE 'UTC',
                                              'YYYY_MM')) IS NOT NULL AS ahead
  FROM pg_class c WHERE c.oid = 'public.audit'::regclass
