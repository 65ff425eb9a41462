-- name: orphaned_shards
-- Shards whose owner has not said for ten seconds that it lives.
SELECT count(*) FROM shards s
 WHERE NOT EXISTS (SELECT FROM hosts h
                    WHERE h.incarnation = s.host AND h.seen_at > now() - interval '10 s')

-- name: time
-- Now, whatever the machines' clocks say.
SELECT clock_timestamp()

-- name: restored
-- Whether the log holds positions that this cluster has not come to: a dump was restored, and
-- niochat migrate did not follow. What a snapshot sees is below its end otherwise.
SELECT EXISTS (SELECT FROM events
                WHERE xid >= (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + log_base())
                             ::text::xid8)
