-- name: upsert_host
-- A host process says that it lives. Only its first time ($5) takes the name over: one that was
-- given up and does not know it must not hide the one that has its name now.
INSERT INTO hosts (name, incarnation, node, pid) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
   SET incarnation = excluded.incarnation, node = excluded.node, pid = excluded.pid,
       started_at = CASE WHEN hosts.incarnation = excluded.incarnation THEN hosts.started_at
                         ELSE now() END,
       draining = hosts.draining AND hosts.incarnation = excluded.incarnation,
       seen_at = now()
 WHERE $5 OR hosts.incarnation = excluded.incarnation

-- name: shards
-- Who owns what.
SELECT shard, host, epoch FROM shards ORDER BY shard

-- name: owned_shards
-- The shards of one incarnation.
SELECT shard, epoch FROM shards WHERE host = $1

-- name: draining
-- Hosts that an operator wants without shards; another process of the name is not meant.
SELECT incarnation FROM hosts WHERE draining

-- name: move_shards
-- Another owner, another epoch: from this commit on the old owner's writes are refused.
UPDATE shards s SET host = x.host, epoch = s.epoch + 1
  FROM unnest($1::smallint[], $2::text[]) AS x (shard, host)
 WHERE s.shard = x.shard AND s.host IS DISTINCT FROM x.host
RETURNING s.shard, s.host, s.epoch

-- name: try_leader_lock
-- One supervisor at a time; the lock is held as long as its connection.
SELECT pg_try_advisory_lock(5581988887776)

-- name: recent_incarnations
-- Incarnations that said lately that they live.
SELECT incarnation FROM hosts WHERE seen_at > now() - interval '5 s'

-- name: delete_host
-- A host is there no more.
DELETE FROM hosts WHERE name = $1
