-- name: upsert_host
-- A host process reports that it is alive. Only its first report ($5) takes the name over: a
-- process that was declared dead without knowing it must not replace its successor.
INSERT INTO hosts (name, incarnation, node, pid) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
   SET incarnation = excluded.incarnation, node = excluded.node, pid = excluded.pid,
       started_at = CASE WHEN hosts.incarnation = excluded.incarnation THEN hosts.started_at
                         ELSE now() END,
       draining = hosts.draining AND hosts.incarnation = excluded.incarnation,
       seen_at = now()
 WHERE $5 OR hosts.incarnation = excluded.incarnation

-- name: shards
-- The owner and epoch of each shard.
SELECT shard, host, epoch FROM shards ORDER BY shard

-- name: owned_shards
-- The shards of one incarnation.
SELECT shard, epoch FROM shards WHERE host = $1

-- name: draining
-- The incarnations that an operator drains.
SELECT incarnation FROM hosts WHERE draining

-- name: move_shards
-- Gives shards a new owner and a new epoch. From this commit on, writes of the former owner are
-- refused.
UPDATE shards s SET host = x.host, epoch = s.epoch + 1
  FROM unnest($1::smallint[], $2::text[]) AS x (shard, host)
 WHERE s.shard = x.shard AND s.host IS DISTINCT FROM x.host
RETURNING s.shard, s.host, s.epoch

-- name: try_leader_lock
-- Lets one supervisor lead at a time; the lock ends with its connection.
SELECT pg_try_advisory_lock(5581988887776)

-- name: recent_incarnations
-- Incarnations that reported within the last five seconds.
SELECT incarnation FROM hosts WHERE seen_at > now() - interval '5 s'

-- name: delete_host
-- Deletes a host.
DELETE FROM hosts WHERE name = $1
