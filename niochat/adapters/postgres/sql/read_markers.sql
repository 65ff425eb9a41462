-- name: mark_read
-- Moves a read marker forward, never back. It returns no row if the marker was as far already.
INSERT INTO reads (tenant_id, user_id, conversation_id, upto) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, user_id, conversation_id) DO UPDATE SET upto = excluded.upto
 WHERE reads.upto < excluded.upto
RETURNING upto

-- name: count_unread
-- The numbers of unread customer messages in a user's open conversations.
SELECT c.id AS conversation_id, count(m.id) AS unread
  FROM conversations c
  LEFT JOIN reads r
         ON r.tenant_id = c.tenant_id AND r.user_id = $2 AND r.conversation_id = c.id
  JOIN messages m
    ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.author = 'customer'
   AND m.version > coalesce(r.upto, 0)
 WHERE c.tenant_id = $1 AND c.agent = $2::text AND c.status IN ('open', 'snoozed')
 GROUP BY c.id ORDER BY c.id

-- name: count_unread_of_agents
-- The same for given conversations and their agents, of any tenant.
SELECT x.tenant_id, x.user_id, x.conversation_id,
       (SELECT count(*) FROM messages m
         WHERE m.tenant_id = x.tenant_id AND m.conversation_id = x.conversation_id
           AND m.author = 'customer'
           AND m.version > coalesce((SELECT r.upto FROM reads r
                WHERE r.tenant_id = x.tenant_id AND r.user_id = x.user_id
                  AND r.conversation_id = x.conversation_id), 0)) AS unread
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x (tenant_id, user_id, conversation_id)

-- name: count_queues
-- The numbers of waiting conversations by team, and of the assistant's conversations, of some
-- tenants.
SELECT tenant_id, status, team, count(*) AS many
  FROM conversations
 WHERE tenant_id = ANY ($1::uuid[]) AND status IN ('waiting', 'pending')
 GROUP BY tenant_id, status, team
