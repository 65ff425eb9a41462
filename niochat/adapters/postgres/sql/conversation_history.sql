-- name: bodies
-- Events of a conversation for replaying it: those after version $3, up to $4.
SELECT version, body FROM events
 WHERE tenant_id = $1 AND conversation_id = $2 AND version > $3 AND version <= $4
 ORDER BY version LIMIT $5

-- name: page
-- Events after version $3 with their causes and messages. `caller` is the person or API key that
-- gave the command, as its inbox row has it until it is purged. The ids are computed first:
-- row-level security lets a comparison with an expression use no index.
SELECT e.version, e.at, e.body, e.cause, i.received_at AS came, NULL AS said,
       m.author, m.kind,
       coalesce(CASE WHEN i.dedupe_key LIKE 'person:%' THEN split_part(i.dedupe_key, ':', 4) END,
                m.details ->> 'agent') AS caller
  FROM (SELECT *, (body ->> 'message')::uuid AS message_id,
               CASE WHEN cause ~ '^[a-z_]+:[0-9]+$' THEN split_part(cause, ':', 2)::bigint END
               AS inbox_id
          FROM events
         WHERE tenant_id = $1 AND conversation_id = $2 AND version > $3
         ORDER BY version LIMIT $4) AS e
  LEFT JOIN inbox i ON i.tenant_id = e.tenant_id AND i.id = e.inbox_id
  LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.id = e.message_id
 ORDER BY e.version

-- name: names
-- The names of users and API keys.
SELECT id::text, name FROM users WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
 UNION ALL
SELECT id::text, name FROM api_keys WHERE tenant_id = $1 AND id = ANY ($2::uuid[])

-- name: messages_at
-- The newest messages up to a version, newest first, before the version $4 of the page before.
SELECT * FROM shown_messages
 WHERE tenant_id = $1 AND conversation_id = $2 AND version <= $3
   AND ($4::bigint IS NULL OR version < $4)
 ORDER BY version DESC LIMIT $5

-- name: message_events
-- The events that changed these messages, oldest first.
SELECT version, type, body, at FROM events
 WHERE tenant_id = $1 AND conversation_id = $2 AND version > $3
   AND type IN ('message_edited', 'message_deleted', 'message_status_changed')
   AND (body ->> 'message')::uuid = ANY ($4::uuid[])
 ORDER BY version

-- name: replaced_texts
-- The earlier texts of these messages, oldest first.
SELECT message_id, version, text, replaced_at FROM replaced_texts
 WHERE tenant_id = $1 AND message_id = ANY ($2::uuid[])
 ORDER BY message_id, id

-- name: send
-- The send of a message.
SELECT id, origin, kind, status, attempts, code, created_at, settled_at FROM outbox
 WHERE tenant_id = $1 AND id = $2
