-- name: channel
-- A channel, and the thread of the command that is stored under this key ($3).
SELECT h.status, (SELECT i.thread_id FROM inbox i
                   WHERE i.tenant_id = h.tenant_id AND i.channel_id = h.id
                     AND i.dedupe_key = $3) AS thread_id
  FROM channels h WHERE h.tenant_id = $1 AND h.id = $2

-- name: lock_contact
-- A contact, locked against being blocked or merged, and whether it has an address for messages.
SELECT k.merged_into, k.blocked_at, k.opted_out_at,
       EXISTS (SELECT FROM address_of(k.tenant_id, k.id)) AS reachable
  FROM contacts k WHERE k.tenant_id = $1 AND k.id = $2 FOR NO KEY UPDATE

-- name: unresolved
-- The unresolved conversation of a thread.
SELECT id FROM conversations WHERE tenant_id = $1 AND thread_id = $2 AND status <> 'resolved'

-- name: started
-- The conversation that the command under this key ($3) has opened. Its first event names the
-- command. If the thread was merged, the command and the conversation are in the remaining thread.
SELECT c.id
  FROM inbox i
  JOIN conversations c ON c.tenant_id = i.tenant_id AND c.thread_id = i.thread_id
  JOIN events e ON e.tenant_id = c.tenant_id AND e.conversation_id = c.id AND e.version = 1
 WHERE i.tenant_id = $1 AND i.channel_id = $2 AND i.dedupe_key = $3
   AND e.cause = 'start_conversation:' || i.id
