-- name: pending_threads
-- Threads of these shards with overlooked rows or due timers, oldest first, and the number of these
-- rows.
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
-- The same if the limit was reached: the oldest thread of each tenant, then the second oldest of
-- each, and so on. It scans all pending rows ($4 at most), so it runs only then.
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
-- Threads of these shards with sends that are due or whose sender is gone. Sends that a held
-- channel keeps queued are left out, because thousands of rows of one tenant would hide the few of
-- others.
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
-- The same if the limit was reached: the oldest thread of each channel, then the second oldest of
-- each, and so on.
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
-- Running turns of these shards that another host incarnation started.
SELECT thread_id, id, attempt FROM turns
 WHERE status = 'running' AND shard = ANY ($1::smallint[]) AND host <> $2
 LIMIT $3

-- name: unwatched_turns
-- Running turns of this host that are older than $4 seconds and not known to it ($3), because they
-- did not fit into its queue or its memory lost them: the oldest of each tenant, then the second
-- oldest of each, and so on.
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
-- Active tenants, whose actors have to be active.
SELECT tenant_id FROM tenants WHERE status = 'active'
