-- name: orphaned_shards
-- Shards whose owner has not said for ten seconds that it lives.
SELECT count(*) FROM shards s
 WHERE NOT EXISTS (SELECT FROM hosts h
                    WHERE h.incarnation = s.host AND h.seen_at > now() - interval '10 s')

-- name: time
-- Now, whatever the machines' clocks say.
SELECT clock_timestamp()
