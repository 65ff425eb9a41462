-- name: one
-- A conversation with its thread and channel.
SELECT * FROM shown_conversations WHERE tenant_id = $1 AND id = $2

-- name: by_protocol
-- The conversation that a protocol number names.
SELECT id FROM conversations WHERE tenant_id = $1 AND protocol = $2

-- name: message
-- One message of a conversation.
SELECT * FROM shown_messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3

-- name: message_exists
-- Whether a message is stored.
SELECT EXISTS (SELECT FROM messages WHERE tenant_id = $1 AND id = $2)

-- name: known
-- Those of these teams and active users that exist.
SELECT ARRAY(SELECT t.slug FROM teams t WHERE t.tenant_id = $1 AND t.slug = $2) AS teams,
       ARRAY(SELECT u.id FROM users u
              WHERE u.tenant_id = $1 AND u.id = ANY ($3::uuid[]) AND u.status = 'active') AS users

-- name: blocked_replies
-- Texts of the assistant that were blocked, newest first, before the last one of the previous page
-- ($2, $3).
SELECT r.id, r.refused_at, r.code, r.sentence, r.text, r.model, r.prompt_version,
       r.conversation_id, c.protocol, r.turn_id
  FROM refused_texts r
  JOIN conversations c ON c.tenant_id = r.tenant_id AND c.id = r.conversation_id
 WHERE r.tenant_id = $1
   AND ($2::timestamptz IS NULL OR (r.refused_at, r.id) < ($2, $3::uuid))
   AND ($4::text IS NULL OR r.code = $4)
 ORDER BY r.refused_at DESC, r.id DESC LIMIT $5
