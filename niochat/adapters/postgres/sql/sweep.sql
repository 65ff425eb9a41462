-- name: forgotten
-- Threads of these shards that have work nobody was told of, or whose owner died; oldest first.
SELECT thread_id FROM (
    (SELECT thread_id, received_at AS since FROM inbox
      WHERE processed_at IS NULL AND shard = ANY ($1::smallint[])
        AND received_at < now() - make_interval(secs => $2)
      ORDER BY received_at LIMIT $3)
    UNION ALL
    (SELECT thread_id, due_at FROM timers
      WHERE shard = ANY ($1::smallint[]) AND due_at <= now() ORDER BY due_at LIMIT $3)
) AS forgotten
 GROUP BY thread_id ORDER BY min(since)

-- name: unsent
-- Threads of these shards with sends that are due or whose sender is gone. What a held channel
-- keeps queued is left out: thousands of rows of one tenant would hide the others' few.
SELECT DISTINCT thread_id FROM (
    SELECT o.thread_id FROM outbox o
     WHERE o.shard = ANY ($1::smallint[]) AND o.status IN ('queued', 'sending', 'uncertain')
       AND (o.status <> 'sending' AND o.next_at < now() - make_interval(secs => $2)
            OR o.status = 'sending' AND (o.host <> $4 OR o.send_until < now()))
       AND NOT (o.status = 'queued' AND o.created_at > now() - interval '24 hours'
                AND EXISTS (SELECT FROM channels h
                             WHERE h.id = o.channel_id AND h.held_until > now()))
     ORDER BY o.next_at LIMIT $3) AS unsent

-- name: orphaned_turns
-- Turns of these shards whose watcher is gone, or that run far too long.
SELECT thread_id, id, attempt FROM turns
 WHERE status = 'running' AND shard = ANY ($1::smallint[])
   AND (host <> $2 OR started_at < now() - make_interval(secs => $3))
 LIMIT $4

-- name: tenants
-- Active tenants, whose actors have to be awake.
SELECT tenant_id FROM tenants WHERE status = 'active'
