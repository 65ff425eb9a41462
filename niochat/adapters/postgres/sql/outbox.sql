-- name: claim
-- Statement 3: claims the thread's next row if it may still be sent. The row decides: a takeover
-- that commits first has cancelled it, one that commits later finds it sending. The result has the
-- destination, the quoted or changed message, whether the channel was held before, and whether
-- other rows wait behind it. A message that the provider begins does not leave after its time, or
-- after the customer's opt-out. `status || ''` keeps the planner from using the index of all waiting
-- rows instead of the row's key.
WITH first AS MATERIALIZED (
    SELECT f.tenant_id, f.id, x.epoch
      FROM unnest($2::uuid[], $3::bigint[]) AS x (thread_id, epoch)
     CROSS JOIN LATERAL (
         SELECT e.tenant_id, e.id FROM outbox e
          WHERE e.thread_id = x.thread_id AND e.status IN ('queued', 'sending', 'uncertain')
            AND (e.status <> 'uncertain' OR e.uncertain_since > now() - interval '180 s')
          ORDER BY e.position LIMIT 1) AS f
), claimed AS (
    UPDATE outbox o
       SET status = 'sending', host = $1, epoch = f.epoch, attempts = o.attempts + 1,
           send_until = now() + make_interval(secs => $4)
      FROM first f
     WHERE o.tenant_id = f.tenant_id AND o.id = f.id AND o.status || '' = 'queued'
       AND o.next_at <= now()
       AND (SELECT s.epoch FROM shards s WHERE s.shard = o.shard AND s.host = $1) = f.epoch
       AND NOT EXISTS (SELECT FROM channels h WHERE h.id = o.channel_id AND h.held_until > now())
       AND (o.origin <> 'assistant'
            OR (SELECT (c.status = 'pending' OR (c.state -> 'after_hours')::bool IS TRUE)
                       AND n.status = 'active'
                       AND (c.paused_until IS NULL OR c.paused_until <= now())
                  FROM conversations c JOIN tenants n ON n.tenant_id = c.tenant_id
                 WHERE c.tenant_id = o.tenant_id AND c.id = o.conversation_id))
       AND (o.begun_until IS NULL
            OR o.begun_until > now() AND (
                SELECT k.opted_out_at FROM threads t
                  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
                 WHERE t.tenant_id = o.tenant_id AND t.id = o.thread_id) IS NULL)
    RETURNING o.id, o.tenant_id, o.thread_id, o.channel_id, o.text, o.attempts, o.kind,
              o.attachment_id, o.message_id, o.choices
)
SELECT o.*, m.external_id AS target, m.reply_to,
       c.kind AS channel_kind, c.base_url, c.token_sealed, c.holds > 0 AS recovering, a.phone, a.lid,
       EXISTS (SELECT FROM outbox e
                WHERE e.thread_id = o.thread_id AND e.id <> o.id
                  AND e.status IN ('queued', 'sending', 'uncertain')) AS more
  FROM claimed o
 CROSS JOIN LATERAL (
     SELECT s.external_id, s.reply_to FROM messages s
      WHERE s.tenant_id = o.tenant_id AND s.id = o.message_id LIMIT 1) AS m
  JOIN channels c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
  JOIN threads t ON t.tenant_id = o.tenant_id AND t.id = o.thread_id
  LEFT JOIN LATERAL address_of(t.tenant_id, t.contact_id) AS a ON true

-- name: attachment
-- The file that is sent with a claimed row. Without data, its bytes are in the file store.
SELECT data, mimetype, filename FROM attachments
 WHERE tenant_id = $1 AND id = $2 AND status = 'kept'

-- name: unsettled
-- The unsettled rows of a thread, oldest first, and whether their sender is gone.
SELECT o.id, o.tenant_id, o.channel_id, o.status, o.lookups, o.resends, o.attempts,
       o.next_at <= now() AS due,
       greatest(extract(epoch FROM o.next_at - now()), 0)::float8 AS due_in_s,
       o.status = 'sending' AND (o.send_until < now() OR NOT EXISTS (
           SELECT FROM shards s
            WHERE s.shard = o.shard AND s.host = o.host AND s.epoch = o.epoch)) AS orphaned,
       o.created_at < now() - interval '24 hours' AS too_old,
       o.begun_until IS NOT NULL AND (o.begun_until <= now() OR (
           SELECT k.opted_out_at FROM threads t
             JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
            WHERE t.tenant_id = o.tenant_id AND t.id = o.thread_id) IS NOT NULL) AS unwanted
  FROM outbox o
 WHERE o.thread_id = $1 AND o.status IN ('queued', 'sending', 'uncertain')
 ORDER BY o.position LIMIT 20

-- name: record_lookup
-- An uncertain row was not found at the gateway, or the look-up failed.
UPDATE outbox SET lookups = lookups + $3, next_at = now() + make_interval(secs => $4)
 WHERE tenant_id = $1 AND id = $2 AND status = 'uncertain'

-- name: destination
-- The destination of a thread's messages: the address from which its contact wrote last.
SELECT c.kind AS channel_kind, c.base_url, c.token_sealed, c.tenant_id, a.phone, a.lid
  FROM threads t
  JOIN channels c ON c.tenant_id = t.tenant_id AND c.id = t.channel_id
  LEFT JOIN LATERAL address_of(t.tenant_id, t.contact_id) AS a ON true
 WHERE t.id = $1

-- name: hold
-- Stops the sends of a channel. Each hold in a row lasts twice as long, up to 15 minutes.
UPDATE channels
   SET held_until = now() + least(interval '15 s' * power(2, least(holds, 8)), interval '15 min'),
       held_reason = $2, holds = holds + 1
 WHERE id = $1 AND (held_until IS NULL OR held_until <= now())
RETURNING tenant_id, held_until

-- name: release
-- A send succeeded, so the channel is no longer held.
UPDATE channels SET held_until = NULL, held_reason = NULL, holds = 0 WHERE id = $1 AND holds > 0
