-- name: horizon
-- All transactions below it have ended.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text

-- name: after
-- Events of these tenants behind a position and up to another, in the order of the log.
SELECT xid::text, tenant_id, conversation_id, version, type, body, at
  FROM events
 WHERE (xid, conversation_id, version) > ($1::text::xid8, $2::uuid, $3::bigint)
   AND (xid, conversation_id, version) <= ($4::text::xid8, $5::uuid, $6::bigint)
   AND tenant_id = ANY ($7::uuid[])
 ORDER BY xid, conversation_id, version LIMIT $8

-- name: conversations
-- As they are now, as the API shows them.
SELECT c.tenant_id, c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at,
       c.changed_at, c.resolved_at, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' LIMIT 1) AS phone
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN conversations c ON c.tenant_id = wanted.tenant_id AND c.id = wanted.id
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id

-- name: messages
-- As they are now, as the API shows them.
SELECT m.id, m.version, m.author, m.kind, m.text, m.details, m.reply_to, m.status, m.code,
       m.reactions, m.sent_at, m.edited_at, m.deleted_at
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN messages m ON m.tenant_id = wanted.tenant_id AND m.id = wanted.id
