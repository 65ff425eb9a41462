-- name: zone
-- The tenant's time zone, and the time.
SELECT timezone, now() AS now FROM tenants WHERE tenant_id = $1

-- name: funnel
-- Conversations with interest from $5 to $6 that the reader may see ($2 to $4), by status and by the
-- reason for which they were stopped, with those who were silent long enough, those who were written
-- to, and the value of their plans per month.
SELECT f.status, f.reason, count(*) AS conversations,
       count(*) FILTER (WHERE f.quiet_at IS NOT NULL) AS quiet,
       count(*) FILTER (WHERE f.attempts > 0) AS written_to,
       coalesce(sum(f.plan_value), 0)::float8 AS value,
       count(*) FILTER (WHERE f.plan_value IS NULL) AS without_value
  FROM follow_ups f
  JOIN conversations c ON c.tenant_id = f.tenant_id AND c.id = f.conversation_id
 WHERE f.tenant_id = $1 AND f.interested_at >= $5 AND f.interested_at < $6
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
 GROUP BY f.status, f.reason

-- name: texts
-- The attempts of the same conversations by number and text: those whose message has left, those
-- whose message has not, and those after which the customer came back, with the value of their plans
-- per month.
SELECT a.number, a.template AS text,
       count(*) FILTER (WHERE m.left) AS sent,
       count(*) FILTER (WHERE NOT m.left) AS unsent,
       count(*) FILTER (WHERE f.status = 'recovered' AND f.attempts = a.number) AS recovered,
       coalesce(sum(f.plan_value) FILTER (WHERE f.status = 'recovered'
                                            AND f.attempts = a.number), 0)::float8 AS value
  FROM follow_ups f
  JOIN conversations c ON c.tenant_id = f.tenant_id AND c.id = f.conversation_id
  JOIN follow_up_attempts a ON a.tenant_id = f.tenant_id
                           AND a.conversation_id = f.conversation_id AND a.status = 'queued'
 CROSS JOIN LATERAL (
       SELECT n.status <> 'failed' AND n.code IS DISTINCT FROM 'cancelled' AS left
         FROM messages n WHERE n.tenant_id = a.tenant_id AND n.id = a.message_id) AS m
 WHERE f.tenant_id = $1 AND f.interested_at >= $5 AND f.interested_at < $6
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
 GROUP BY a.number, a.template
 ORDER BY a.number, sent DESC, a.template

-- name: conversations
-- The same conversations at one step of the funnel ($7), for one reason ($8) or with an attempt of
-- this number ($9), the latest interest first, up to $12 after ($10, $11).
SELECT f.conversation_id, c.protocol, c.status AS conversation_status, k.id AS contact_id,
       k.name AS contact, f.interest, f.plan, f.plan_value::float8 AS plan_value, f.status,
       f.reason, f.attempts, f.interested_at, f.last_attempt_at, f.ended_at
  FROM follow_ups f
  JOIN conversations c ON c.tenant_id = f.tenant_id AND c.id = f.conversation_id
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE f.tenant_id = $1 AND f.interested_at >= $5 AND f.interested_at < $6
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND CASE $7 WHEN 'interested' THEN true WHEN 'quiet' THEN f.quiet_at IS NOT NULL
               WHEN 'written_to' THEN f.attempts > 0
               WHEN 'open' THEN f.status IN ('waiting', 'running') ELSE f.status = $7 END
   AND ($8::text IS NULL OR f.reason = $8)
   AND ($9::smallint IS NULL OR f.attempts >= $9)
   AND ($10::timestamptz IS NULL OR (f.interested_at, f.conversation_id) < ($10, $11::uuid))
 ORDER BY f.interested_at DESC, f.conversation_id DESC LIMIT $12
