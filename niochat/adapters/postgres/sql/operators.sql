-- name: delete_expired_pauses
-- Deletes expired pauses.
DELETE FROM pauses WHERE until <= now()

-- name: pause
-- Pauses a thread, unless too many threads are paused. For a paused thread, the new end counts.
INSERT INTO pauses (tenant_id, thread_id, until)
SELECT t.tenant_id, t.id, now() + make_interval(secs => $2) FROM threads t
 WHERE t.id = $1
   AND (SELECT count(*) FROM pauses p WHERE p.thread_id <> t.id) < $3
    ON CONFLICT (tenant_id, thread_id) DO UPDATE SET until = excluded.until
RETURNING until

-- name: resume
-- Ends the pause of a thread.
DELETE FROM pauses p USING threads t
 WHERE t.id = $1 AND p.tenant_id = t.tenant_id AND p.thread_id = t.id

-- name: pauses
-- The paused threads, with the remaining seconds.
SELECT thread_id, extract(epoch FROM until - now())::float8 AS left_s FROM pauses WHERE until > now()

-- name: hosts
-- The latest process of each host name, with the number of its shards.
SELECT h.name, h.incarnation, h.node, h.pid, h.started_at, h.draining,
       extract(epoch FROM now() - h.seen_at)::float8 AS seen_s,
       (SELECT count(*) FROM shards s WHERE s.host = h.incarnation) AS shards
  FROM hosts h ORDER BY h.name

-- name: shards
-- The owner and epoch of each shard.
SELECT shard, host, epoch FROM shards ORDER BY shard

-- name: drain
-- Drains a host, or ends draining. The last host that may carry shards cannot be drained.
UPDATE hosts h SET draining = $2
 WHERE h.name = $1
   AND (NOT $2 OR EXISTS (SELECT FROM hosts o WHERE o.name <> h.name AND NOT o.draining
                             AND o.seen_at > now() - interval '10 s'))
RETURNING draining

-- name: owner
-- The incarnation that owns the shard, if any.
SELECT host FROM shards WHERE shard = $1

-- name: waiting
-- The unprocessed rows, unsettled sends, timers and pauses of threads.
SELECT x.thread_id,
       (SELECT count(*) FROM inbox i
         WHERE i.thread_id = x.thread_id AND i.processed_at IS NULL) AS inbox,
       (SELECT count(*) FROM outbox o
         WHERE o.thread_id = x.thread_id
           AND o.status IN ('queued', 'sending', 'uncertain')) AS outbox,
       (SELECT jsonb_agg(jsonb_build_object('name', name, 'generation', generation, 'due_at', due_at)
                         ORDER BY due_at)
          FROM timers WHERE thread_id = x.thread_id) AS timers,
       (SELECT p.until FROM pauses p
         WHERE p.tenant_id = t.tenant_id AND p.thread_id = t.id AND p.until > now()) AS paused_until,
       t.tenant_id
  FROM unnest($1::uuid[]) AS x (thread_id) JOIN threads t ON t.id = x.thread_id

-- name: conversation
-- A conversation by thread (its newest one), by id, or by protocol number, of one tenant or of all.
SELECT c.id, c.tenant_id, n.slug AS tenant, c.thread_id, t.channel_id, c.protocol, c.status, c.team,
       c.agent, c.paused_until, c.version, c.state, c.schema_version, c.opened_at, c.changed_at
  FROM tenants n
  JOIN conversations c ON c.tenant_id = n.tenant_id AND (c.protocol = $1 OR c.id = $2)
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
 WHERE $3::text IS NULL OR n.slug = $3
UNION ALL
(SELECT c.id, c.tenant_id, n.slug, c.thread_id, t.channel_id, c.protocol, c.status, c.team,
        c.agent, c.paused_until, c.version, c.state, c.schema_version, c.opened_at, c.changed_at
   FROM threads t
   JOIN tenants n ON n.tenant_id = t.tenant_id
   JOIN conversations c ON c.tenant_id = t.tenant_id AND c.thread_id = t.id
  WHERE t.id = $2 AND ($3::text IS NULL OR n.slug = $3)
  ORDER BY c.opened_at DESC LIMIT 1)
LIMIT 2

-- name: pending
-- The oldest unprocessed rows of a thread, without their content.
SELECT id, command ->> 'type' AS type, received_at, failures FROM inbox
 WHERE thread_id = $1 AND processed_at IS NULL ORDER BY id LIMIT $2

-- name: unsettled
-- The unsettled sends of a thread in their order, without their text.
SELECT id, origin, kind, status, attempts, code, created_at, next_at FROM outbox
 WHERE thread_id = $1 AND status IN ('queued', 'sending', 'uncertain') ORDER BY position LIMIT $2

-- name: running_turn
-- The running turn of a conversation.
SELECT id, attempt, host, model, started_at FROM turns
 WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'running' ORDER BY started_at DESC LIMIT 1

-- name: team
-- Whether the tenant has the team.
SELECT count(*) FROM teams WHERE tenant_id = $1 AND slug = $2

-- name: figures
-- Metrics of the whole cluster. Counts stop at $1; the oldest row of each shard is found by one
-- index probe.
SELECT (SELECT count(*) FROM (SELECT FROM inbox WHERE processed_at IS NULL LIMIT $1) AS p)
           AS inbox_pending,
       coalesce((SELECT extract(epoch FROM now() - min(o.received_at))
                   FROM shards s CROSS JOIN LATERAL (
                        SELECT received_at FROM inbox i
                         WHERE i.shard = s.shard AND i.processed_at IS NULL
                         ORDER BY i.received_at LIMIT 1) AS o), 0)::float8 AS inbox_oldest_seconds,
       (SELECT count(*) FROM (SELECT FROM outbox WHERE status = 'queued' LIMIT $1) AS q)
           AS sends_queued,
       (SELECT count(*) FROM (SELECT FROM outbox WHERE status = 'uncertain' LIMIT $1) AS u)
           AS sends_uncertain,
       (SELECT count(*) FROM channels WHERE held_until > now()) AS channels_held,
       (SELECT count(*) FROM hosts WHERE seen_at > now() - interval '10 s') AS hosts_alive,
       (SELECT count(*) FROM shards s
         WHERE NOT EXISTS (SELECT FROM hosts h WHERE h.incarnation = s.host
                              AND h.seen_at > now() - interval '10 s')) AS shards_orphaned,
       (SELECT count(*) FROM pauses WHERE until > now()) AS actors_paused,
       coalesce((SELECT extract(epoch FROM now() - min(u.at))
                   FROM tenants t CROSS JOIN (VALUES ('conversations'), ('turns')) AS n (name)
                   LEFT JOIN analytics.projections j
                          ON j.tenant_id = t.tenant_id AND j.name = n.name
                   LEFT JOIN analytics.positions p
                          ON p.tenant_id = t.tenant_id AND p.name = n.name
                         AND p.generation = j.generation
                  CROSS JOIN LATERAL (
                        SELECT e.at FROM events e
                         WHERE e.tenant_id = t.tenant_id
                           AND (e.xid, e.conversation_id, e.version) > (coalesce(p.xid, '0'),
                               coalesce(p.conversation_id, '00000000-0000-0000-0000-000000000000'),
                               coalesce(p.version, 0))
                         ORDER BY e.xid, e.conversation_id, e.version LIMIT 1) AS u), 0)::float8
           AS projection_lag_seconds,
       (SELECT count(*) FROM analytics.positions WHERE failed_version IS NOT NULL)
           AS projections_stopped,
       coalesce((SELECT extract(epoch FROM now() - min(least(u.at, c.at)))
                   FROM (SELECT m.* FROM mirror_positions m
                           LEFT JOIN mirror_settings s ON s.tenant_id = m.tenant_id
                          WHERE s.paused_at IS NULL OFFSET 0) AS r
                   LEFT JOIN LATERAL (
                        SELECT e.at FROM events e
                         WHERE e.tenant_id = r.tenant_id
                           AND (e.xid, e.conversation_id, e.version)
                               > (r.log_xid, r.log_conversation, r.log_version)
                         ORDER BY e.xid, e.conversation_id, e.version LIMIT 1) AS u ON true
                   LEFT JOIN LATERAL (
                        SELECT n.at FROM mirror_changes n
                         WHERE n.tenant_id = r.tenant_id ORDER BY n.id LIMIT 1) AS c ON true), 0)::float8
           AS mirror_lag_seconds,
       (SELECT count(*) FROM mirror_positions WHERE failure IS NOT NULL) AS mirrors_failing,
       (SELECT count(*) FROM (SELECT FROM mirror_dead_letters LIMIT $1) AS d)
           AS mirror_rows_refused
