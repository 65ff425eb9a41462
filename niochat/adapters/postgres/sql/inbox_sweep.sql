-- name: pending_threads
-- Threads of these shards that have work nobody was told of, or whose owner died; oldest first;
-- and in how many rows of those that were looked at.
SELECT thread_id, tenant_id, count(*) AS rows FROM (
    (SELECT thread_id, tenant_id, received_at AS since FROM inbox
      WHERE processed_at IS NULL AND shard = ANY ($1::smallint[])
        AND received_at < now() - make_interval(secs => $2)
      ORDER BY received_at LIMIT $3)
    UNION ALL
    (SELECT thread_id, tenant_id, due_at FROM timers
      WHERE shard = ANY ($1::smallint[]) AND due_at <= now() ORDER BY due_at LIMIT $3)
) AS forgotten
 GROUP BY thread_id, tenant_id ORDER BY min(since)

-- name: pending_threads_fair
-- The same where there is more than that: each tenant's oldest, then each one's second oldest.
-- It looks through all that waits ($4 rows at most), so it is asked only then.
SELECT thread_id, tenant_id FROM (
    SELECT thread_id, tenant_id, min(since) AS since,
           row_number() OVER (PARTITION BY tenant_id ORDER BY min(since)) AS place
      FROM ((SELECT thread_id, tenant_id, received_at AS since FROM inbox
              WHERE processed_at IS NULL AND shard = ANY ($1::smallint[])
                AND received_at < now() - make_interval(secs => $2)
              ORDER BY received_at LIMIT $4)
            UNION ALL
            (SELECT thread_id, tenant_id, due_at FROM timers
              WHERE shard = ANY ($1::smallint[]) AND due_at <= now()
              ORDER BY due_at LIMIT $4)) AS waiting
     GROUP BY thread_id, tenant_id) AS placed
 ORDER BY place, since LIMIT $3

-- name: unsent_threads
-- Threads of these shards with sends that are due or whose sender is gone. What a held channel
-- keeps queued is left out: thousands of rows of one tenant would hide the others' few.
SELECT thread_id, tenant_id, channel_id, count(*) AS rows FROM (
    SELECT o.thread_id, o.tenant_id, o.channel_id FROM outbox o
     WHERE o.shard = ANY ($1::smallint[]) AND o.status IN ('queued', 'sending', 'uncertain')
       AND (o.status <> 'sending' AND o.next_at < now() - make_interval(secs => $2)
            OR o.status = 'sending' AND (o.host <> $4 OR o.send_until < now()))
       AND NOT (o.status = 'queued' AND o.created_at > now() - interval '24 hours'
                AND EXISTS (SELECT FROM channels h
                             WHERE h.id = o.channel_id AND h.held_until > now()))
     ORDER BY o.next_at LIMIT $3) AS unsent
 GROUP BY thread_id, tenant_id, channel_id

-- name: unsent_threads_fair
-- The same where there is more than that: each channel's oldest, then each one's second oldest.
SELECT thread_id, tenant_id, channel_id FROM (
    SELECT o.thread_id, o.tenant_id, o.channel_id, min(o.next_at) AS since,
           row_number() OVER (PARTITION BY o.channel_id ORDER BY min(o.next_at)) AS place
      FROM outbox o
     WHERE o.shard = ANY ($1::smallint[]) AND o.status IN ('queued', 'sending', 'uncertain')
       AND (o.status <> 'sending' AND o.next_at < now() - make_interval(secs => $2)
            OR o.status = 'sending' AND (o.host <> $4 OR o.send_until < now()))
       AND NOT (o.status = 'queued' AND o.created_at > now() - interval '24 hours'
                AND EXISTS (SELECT FROM channels h
                             WHERE h.id = o.channel_id AND h.held_until > now()))
     GROUP BY o.thread_id, o.tenant_id, o.channel_id) AS placed
 ORDER BY place, since LIMIT $3

-- name: orphaned_turns
-- Turns of these shards whose watcher is gone.
SELECT thread_id, id, attempt FROM turns
 WHERE status = 'running' AND shard = ANY ($1::smallint[]) AND host <> $2
 LIMIT $3

-- name: unwatched_turns
-- Turns of this host that are older than $4 and not among those it knows ($3): they did not fit
-- into its line, or its memory lost them. Each tenant's oldest, then each one's second oldest.
SELECT tenant_id, thread_id, id, attempt, conversation_id, upto_version, protocol FROM (
    SELECT t.tenant_id, t.thread_id, t.id, t.attempt, t.conversation_id, t.upto_version,
           t.started_at, c.protocol,
           row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.started_at) AS place
      FROM turns t
      JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
     WHERE t.status = 'running' AND t.shard = ANY ($1::smallint[]) AND t.host = $2
       AND t.id <> ALL ($3::uuid[]) AND t.started_at < now() - make_interval(secs => $4)
) AS unwatched
 ORDER BY place, started_at LIMIT $5

-- name: active_tenants
-- Active tenants, whose actors have to be awake.
SELECT tenant_id FROM tenants WHERE status = 'active'
