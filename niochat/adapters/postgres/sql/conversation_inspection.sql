-- name: conversations
-- A tenant's conversations, latest change first.
SELECT c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at, c.changed_at,
       k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' AND i.left_at IS NULL LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE c.tenant_id = $1 AND ($2::text IS NULL OR c.status = $2)
 ORDER BY c.changed_at DESC LIMIT $3

-- name: find
-- A conversation by protocol number or by id, or the newest conversation of a phone number.
SELECT c.id, c.protocol, c.status, c.team, c.agent, c.paused_until, c.thread_id, t.channel_id,
       c.version, c.opened_at, c.resolved_at
  FROM conversations c JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
 WHERE c.tenant_id = $1
   AND (c.protocol = $2 OR c.id::text = $2
        OR t.contact_id IN (SELECT i.contact_id FROM identities i
                             WHERE i.tenant_id = $1 AND i.kind = 'phone' AND i.value = ANY ($3::text[])))
 ORDER BY c.status = 'resolved', c.opened_at DESC LIMIT 1

-- name: messages
-- The messages of a conversation. For files: transcript, facts and cost of the reading, or why it
-- failed.
SELECT m.author, m.kind, m.text, m.status, m.code, m.sent_at, m.version, m.edited_at, m.deleted_at,
       m.reactions,
       (SELECT jsonb_build_array(r.status, r.text, r.facts, r.code, r.detail, r.cost)
          FROM readings r WHERE r.tenant_id = m.tenant_id AND r.message_id = m.id) AS reading
  FROM messages m WHERE m.tenant_id = $1 AND m.conversation_id = $2 ORDER BY m.version

-- name: events
-- The events of a conversation.
SELECT version, type, body, at FROM events
 WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY version

-- name: turns
-- The turns of a conversation, with each tool's call and result.
SELECT id, status, attempt, code, detail, model, prompt_version, tokens_in, tokens_out,
       tokens_cached, model_calls, cost, tool_results, started_at, settled_at
  FROM turns WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY started_at

-- name: writes
-- The writes to the ERP in a conversation, of the assistant and of agents.
SELECT w.key, w.request ->> 'kind' AS kind, w.status, w.result, w.journaled_at
  FROM erp_writes w JOIN turns t ON t.tenant_id = w.tenant_id AND t.id = w.turn_id
 WHERE t.tenant_id = $1 AND t.conversation_id = $2
 UNION ALL
SELECT w.key, w.request ->> 'kind' AS kind, w.status, w.result, w.journaled_at
  FROM erp_writes w WHERE w.tenant_id = $1 AND w.conversation_id = $2
 ORDER BY journaled_at

-- name: sends
-- The sends of a conversation.
SELECT id, origin, status, attempts, resends, code, external_id, created_at, settled_at
  FROM outbox WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY position

-- name: problem_counts
-- Counts of problems that need people: dead letters, and sends with an unknown outcome or given up.
SELECT (SELECT count(*) FROM inbox
         WHERE tenant_id = $1 AND received_at > now() - interval '7 days'
           AND outcome LIKE 'parked:%') AS parked,
       (SELECT count(*) FROM outbox
         WHERE tenant_id = $1 AND created_at > now() - interval '7 days'
           AND (status = 'uncertain' OR code IN ('never_arrived', 'given_up'))) AS uncertain

-- name: automatic_message_counts
-- Messages that the WhatsApp apps of a tenant's channels sent automatically within seven days.
SELECT c.slug, count(*) AS messages
  FROM messages m
  JOIN threads t ON t.tenant_id = m.tenant_id AND t.id = m.thread_id
  JOIN channels c ON c.tenant_id = t.tenant_id AND c.id = t.channel_id
 WHERE m.tenant_id = $1 AND m.author = 'automatic' AND m.stored_at > now() - interval '7 days'
 GROUP BY c.slug ORDER BY c.slug
