-- name: list_busy
-- Tenants with follow-ups whose log has unread events, or with follow-ups that are to be looked at;
-- and those that have switched them off since. Bounds that begin with the tenant: with an equality
-- the planner may walk the log of all tenants by its position.
SELECT t.tenant_id, w.enabled, p.tenant_id IS NOT NULL AS follows
  FROM tenants t
 CROSS JOIN LATERAL (
       SELECT coalesce((t.policy #>> '{follow_ups,enabled}')::bool, false)
              AND t.status = 'active' AS enabled) AS w
  LEFT JOIN analytics.positions p ON p.tenant_id = t.tenant_id AND p.name = 'follow_ups'
  LEFT JOIN LATERAL (
       SELECT true AS unread FROM events e
        WHERE (e.tenant_id, e.xid, e.conversation_id, e.version)
              > (p.tenant_id, p.xid, p.conversation_id, p.version)
          AND e.tenant_id <= p.tenant_id
        ORDER BY e.tenant_id, e.xid, e.conversation_id, e.version LIMIT 1) AS u ON true
 WHERE w.enabled AND (p.tenant_id IS NULL OR u.unread OR EXISTS (
           SELECT FROM follow_ups f
            WHERE f.tenant_id = t.tenant_id AND f.check_at <= now()
              AND f.status IN ('waiting', 'running')))
    OR NOT w.enabled AND p.tenant_id IS NOT NULL

-- name: follow_log
-- Begins to follow the log at its end.
WITH projection AS (
    INSERT INTO analytics.projections (tenant_id, name, generation) VALUES ($1, 'follow_ups', 1)
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, name, generation
)
INSERT INTO analytics.positions (tenant_id, name, generation, xid)
SELECT tenant_id, name, generation, log_horizon() FROM projection

-- name: stop_all
-- Ends the open follow-ups of a tenant that has switched them off.
UPDATE follow_ups SET status = 'stopped', reason = 'switched_off', ended_at = now()
 WHERE tenant_id = $1 AND status IN ('waiting', 'running')

-- name: forget_position
-- Stops following the log.
DELETE FROM analytics.positions WHERE tenant_id = $1 AND name = 'follow_ups'

-- name: forget_projection
-- The same.
DELETE FROM analytics.projections WHERE tenant_id = $1 AND name = 'follow_ups'

-- name: load_policy
-- What follow-ups of a tenant depend on.
SELECT t.status, t.policy, t.timezone, t.name AS company, now() AS now
  FROM tenants t WHERE t.tenant_id = $1

-- name: load_calls
-- The tool calls of the conversations in which one of these turns ($2) called one of these tools ($3),
-- oldest first: name, arguments and result.
SELECT t.conversation_id,
       jsonb_agg(jsonb_build_array(r.call ->> 'tool',
                                   CASE WHEN jsonb_typeof(r.call -> 'arguments') = 'object'
                                        THEN r.call -> 'arguments' ELSE '{}' END,
                                   CASE WHEN jsonb_typeof(r.call -> 'result') = 'object'
                                        THEN r.call -> 'result' ELSE '{}' END)
                 ORDER BY t.started_at, r.number) AS calls
  FROM (SELECT DISTINCT u.conversation_id FROM turns u
         CROSS JOIN LATERAL jsonb_array_elements(u.tool_results) AS c (call)
         WHERE u.tenant_id = $1 AND u.id = ANY ($2::uuid[])
           AND c.call ->> 'tool' = ANY ($3::text[])) AS x
  JOIN turns t ON t.tenant_id = $1 AND t.conversation_id = x.conversation_id
 CROSS JOIN LATERAL jsonb_array_elements(t.tool_results) WITH ORDINALITY AS r (call, number)
 WHERE r.call ->> 'tool' = ANY ($3::text[])
 GROUP BY t.conversation_id

-- name: note_interest
-- Stores the interest of conversations. One without interest ends an open follow-up; one that has
-- ended stays so.
WITH x AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS x (
        conversation_id uuid, interest text, plan text, plan_value numeric, at timestamptz)
), stopped AS (
    UPDATE follow_ups f SET status = 'stopped', reason = 'no_interest', ended_at = now()
      FROM x
     WHERE f.tenant_id = $1 AND f.conversation_id = x.conversation_id AND x.interest IS NULL
       AND f.status IN ('waiting', 'running')
)
INSERT INTO follow_ups (tenant_id, conversation_id, interest, plan, plan_value, interested_at,
                        check_at)
SELECT $1, x.conversation_id, x.interest, x.plan, x.plan_value, x.at, now()
  FROM x WHERE x.interest IS NOT NULL
    ON CONFLICT (tenant_id, conversation_id) DO UPDATE
   SET interest = excluded.interest, plan = excluded.plan, plan_value = excluded.plan_value,
       check_at = now()
 WHERE follow_ups.status IN ('waiting', 'running')

-- name: note_complaints
-- Stores who complained.
INSERT INTO complaints (tenant_id, contact_id, complained_at)
SELECT $1, t.contact_id, max(x.at)
  FROM jsonb_to_recordset($2::jsonb) AS x (thread_id uuid, at timestamptz)
  JOIN threads t ON t.tenant_id = $1 AND t.id = x.thread_id
 GROUP BY t.contact_id
    ON CONFLICT (tenant_id, contact_id) DO UPDATE
   SET complained_at = greatest(complaints.complained_at, excluded.complained_at)

-- name: stop_opted_out
-- Ends the open follow-ups of the contacts of these threads, who have opted out.
UPDATE follow_ups f SET status = 'stopped', reason = 'opted_out', ended_at = now()
  FROM threads x
  JOIN channels h ON h.tenant_id = x.tenant_id
  JOIN threads t ON t.tenant_id = x.tenant_id AND t.channel_id = h.id
                AND t.contact_id = x.contact_id
  JOIN conversations c ON c.tenant_id = t.tenant_id AND c.thread_id = t.id
 WHERE x.tenant_id = $1 AND x.id = ANY ($2::uuid[])
   AND f.tenant_id = c.tenant_id AND f.conversation_id = c.id
   AND f.status IN ('waiting', 'running')

-- name: note_messages
-- Ends the open follow-ups of customers who came back. If the latest attempt has left, they were won
-- back if they wrote within the window ($3) after it, and lost otherwise. A message in a conversation
-- in which no attempt was made only begins the silence anew.
WITH wrote AS (
    SELECT t.contact_id, x.conversation_id, x.at
      FROM jsonb_to_recordset($2::jsonb) AS x (conversation_id uuid, thread_id uuid,
                                               at timestamptz)
      JOIN threads t ON t.tenant_id = $1 AND t.id = x.thread_id
), back AS (
    SELECT f.conversation_id, f.attempts, f.last_attempt_at, min(w.at) AS at
      FROM wrote w
      JOIN channels h ON h.tenant_id = $1
      JOIN threads t ON t.tenant_id = $1 AND t.channel_id = h.id AND t.contact_id = w.contact_id
      JOIN conversations c ON c.tenant_id = $1 AND c.thread_id = t.id
      JOIN follow_ups f ON f.tenant_id = $1 AND f.conversation_id = c.id
     WHERE f.status IN ('waiting', 'running')
       AND (f.attempts > 0 OR f.conversation_id <> w.conversation_id)
       AND w.at > coalesce(f.last_attempt_at, f.interested_at)
     GROUP BY f.conversation_id, f.attempts, f.last_attempt_at
), ended AS (
    SELECT b.conversation_id, b.at,
           CASE WHEN m.id IS NULL THEN 'stopped'
                WHEN b.at <= b.last_attempt_at + $3::interval THEN 'recovered' ELSE 'lost'
           END AS status
      FROM back b
      LEFT JOIN follow_up_attempts a ON a.tenant_id = $1
            AND a.conversation_id = b.conversation_id AND a.number = b.attempts
      LEFT JOIN messages m ON m.tenant_id = $1 AND m.id = a.message_id AND m.status <> 'failed'
            AND m.code IS DISTINCT FROM 'cancelled'
)
UPDATE follow_ups f
   SET ended_at = e.at, status = e.status,
       reason = CASE WHEN e.status = 'stopped' THEN 'customer_wrote' ELSE '' END
  FROM ended e
 WHERE f.tenant_id = $1 AND f.conversation_id = e.conversation_id
   AND f.status IN ('waiting', 'running')

-- name: lock_tenant
-- Lets one watcher at a time count and order attempts of a tenant; the others pass over it.
SELECT pg_try_advisory_xact_lock(hashtextextended('follow_ups:' || $1::uuid::text, 0))

-- name: oldest_unread
-- The time of the first event of a tenant that was not read.
SELECT u.at
  FROM analytics.positions p
 CROSS JOIN LATERAL (
       SELECT e.at FROM events e
        WHERE (e.tenant_id, e.xid, e.conversation_id, e.version)
              > (p.tenant_id, p.xid, p.conversation_id, p.version)
          AND e.tenant_id <= p.tenant_id
        ORDER BY e.tenant_id, e.xid, e.conversation_id, e.version LIMIT 1) AS u
 WHERE p.tenant_id = $1 AND p.name = 'follow_ups'

-- name: lock_due
-- The facts of up to $3 follow-ups that are to be looked at by $2, locked. The silence begins with the
-- last message of the customer, the assistant or a person, and with the end by a person. A message of
-- the system, such as an attempt or a request for a rating, breaks no silence.
SELECT f.conversation_id, f.interest, f.plan, f.attempts, f.last_attempt_at, f.interested_at,
       c.status AS conversation_status, c.version, c.labels, c.paused_until,
       (c.state -> 'after_hours')::bool IS TRUE AS after_hours,
       (c.state ->> 'unanswered')::int > 0
       OR jsonb_typeof(c.state -> 'turn') = 'object' AS busy,
       t.id AS thread_id, t.channel_id, k.name, k.opted_out_at,
       k.blocked_at IS NOT NULL AS blocked, p.complained_at,
       q.quiet_since, q.ended_by IS NOT NULL
       AND q.ended_by NOT IN ('assistant', 'inactivity', 'merged') AS ended_by_person,
       o.newer_opened_at, coalesce(o.held, false) AS held_elsewhere, o.other_attempt_at,
       (SELECT a.send_until FROM follow_up_attempts a
         WHERE a.tenant_id = f.tenant_id AND a.conversation_id = f.conversation_id
           AND a.status = 'ordered') AS ordered_until,
       EXISTS (SELECT FROM follow_up_attempts a
                 JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
                WHERE a.tenant_id = f.tenant_id AND a.conversation_id = f.conversation_id
                  AND a.number = f.attempts AND m.status = 'failed'
                  AND m.code <> 'unwanted') AS send_failed
  FROM (SELECT * FROM follow_ups
         WHERE tenant_id = $1 AND check_at <= $2 AND status IN ('waiting', 'running')
         ORDER BY check_at, conversation_id LIMIT $3 FOR UPDATE) AS f
  JOIN conversations c ON c.tenant_id = f.tenant_id AND c.id = f.conversation_id
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
  LEFT JOIN complaints p ON p.tenant_id = k.tenant_id AND p.contact_id = k.id
 CROSS JOIN LATERAL (
       SELECT max(e.at) AS quiet_since,
              (array_agg(e.body ->> 'reason' ORDER BY e.version DESC)
                  FILTER (WHERE e.type = 'conversation_resolved'))[1] AS ended_by
         FROM events e
        WHERE e.tenant_id = c.tenant_id AND e.conversation_id = c.id
          AND (e.type = 'message_received'
               OR e.type = 'provider_spoke' AND e.body ->> 'author' = 'phone'
               OR e.type = 'message_queued' AND e.body ->> 'author' IN ('assistant', 'agent')
               OR e.type = 'conversation_resolved')
          AND (e.type <> 'conversation_resolved'
               OR e.body ->> 'reason' NOT IN ('assistant', 'inactivity', 'merged'))) AS q
 CROSS JOIN LATERAL (
       SELECT max(n.opened_at) FILTER (WHERE n.opened_at > c.opened_at) AS newer_opened_at,
              bool_or(n.status <> 'resolved') AS held, max(g.last_attempt_at) AS other_attempt_at
         FROM channels h
         JOIN threads s ON s.tenant_id = h.tenant_id AND s.channel_id = h.id
                       AND s.contact_id = k.id
         JOIN conversations n ON n.tenant_id = s.tenant_id AND n.thread_id = s.id
                             AND n.id <> c.id
         LEFT JOIN follow_ups g ON g.tenant_id = n.tenant_id AND g.conversation_id = n.id
        WHERE h.tenant_id = f.tenant_id) AS o
 ORDER BY f.check_at, f.conversation_id

-- name: wait
-- Looks at a follow-up again at $3. $4: the customer has been silent long enough.
UPDATE follow_ups
   SET check_at = $3, quiet_at = CASE WHEN $4 THEN coalesce(quiet_at, now()) ELSE quiet_at END
 WHERE tenant_id = $1 AND conversation_id = $2

-- name: finish
-- Ends a follow-up.
UPDATE follow_ups
   SET status = $3, reason = $4, ended_at = now(),
       quiet_at = CASE WHEN $5 THEN coalesce(quiet_at, now()) ELSE quiet_at END
 WHERE tenant_id = $1 AND conversation_id = $2

-- name: count_day
-- The attempts that count for a day, of all channels and of one.
SELECT count(*) AS all, count(*) FILTER (WHERE channel_id = $3) AS channel
  FROM follow_up_attempts WHERE tenant_id = $1 AND day = $2 AND status <> 'skipped'

-- name: order
-- Orders an attempt: its row and the command, whose key names both, are stored together. It is looked
-- at again when it must have left.
WITH attempt AS (
    INSERT INTO follow_up_attempts (tenant_id, conversation_id, number, status, channel_id, day,
                                    variant, template, send_until)
    VALUES ($1, $2, $3, 'ordered', $5, $6, $7, $8, $9::timestamptz)
        ON CONFLICT (tenant_id, conversation_id, number) DO UPDATE
       SET round = follow_up_attempts.round + 1, status = 'ordered', reason = '',
           channel_id = excluded.channel_id, day = excluded.day, variant = excluded.variant,
           template = excluded.template, ordered_at = now(), send_until = excluded.send_until,
           decided_at = NULL
     WHERE follow_up_attempts.status <> 'queued'
    RETURNING round
), stored AS (
    INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
    SELECT $1, nextval('inbox_numbers'), $5, $4, shard_of($4),
           concat_ws(':', 'follow_up', $2::uuid, $3::int, a.round),
           jsonb_build_object('type', 'send_follow_up', 'conversation', $2::uuid,
                              'number', $3::int, 'round', a.round, 'variant', $7::int,
                              'text', $11::text, 'version', $10::bigint, 'send_until', $9::timestamptz)
      FROM attempt a
        ON CONFLICT (channel_id, dedupe_key) DO NOTHING
)
UPDATE follow_ups
   SET check_at = $9::timestamptz, quiet_at = coalesce(quiet_at, now())
 WHERE tenant_id = $1 AND conversation_id = $2
