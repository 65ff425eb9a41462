-- name: older
-- Messages of a conversation, newest first, before a version; without one, the newest.
SELECT * FROM shown_messages
 WHERE tenant_id = $1 AND conversation_id = $2 AND ($3::bigint IS NULL OR version < $3)
 ORDER BY version DESC LIMIT $4

-- name: newer
-- Messages of a conversation, oldest first, from a version on.
SELECT * FROM shown_messages
 WHERE tenant_id = $1 AND conversation_id = $2 AND version >= $3
 ORDER BY version LIMIT $4

-- name: place
-- The version of a message in its conversation.
SELECT version FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3

-- name: activities
-- Events of these types in a conversation from a version on and before another, newest first.
SELECT version, type, at, body FROM events
 WHERE tenant_id = $1 AND conversation_id = $2 AND version >= $3 AND version < $4
   AND type = ANY ($5::text[])
 ORDER BY version DESC LIMIT $6

-- name: versions
-- The texts of a message that edits replaced, oldest first.
SELECT v.text, v.replaced_at FROM replaced_texts v
 WHERE v.tenant_id = $1 AND v.message_id = $2
 ORDER BY v.id
