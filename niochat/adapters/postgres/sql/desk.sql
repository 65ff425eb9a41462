-- name: live
-- Conversations that go on and that the caller may see ($2 own, team or all; $3 who; $4 teams), of
-- one status, team or agent if named; newest change first, from where a page ended.
SELECT c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at, c.changed_at,
       c.resolved_at, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE c.tenant_id = $1 AND c.status <> 'resolved'
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND ($5::text IS NULL OR c.status = $5)
   AND ($6::text IS NULL OR c.team = $6)
   AND ($7::text IS NULL OR c.agent = $7)
   AND ($8::timestamptz IS NULL OR (c.changed_at, c.id) < ($8, $9::uuid))
 ORDER BY c.changed_at DESC, c.id DESC LIMIT $10

-- name: resolved
-- The same of those that are over.
SELECT c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at, c.changed_at,
       c.resolved_at, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE c.tenant_id = $1 AND c.status = 'resolved'
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND ($5::text IS NULL OR c.team = $5)
   AND ($6::text IS NULL OR c.agent = $6)
   AND ($7::timestamptz IS NULL OR (c.changed_at, c.id) < ($7, $8::uuid))
 ORDER BY c.changed_at DESC, c.id DESC LIMIT $9

-- name: counts
-- How many of those that go on are the caller's, in a queue, with the assistant, and all.
SELECT count(*) FILTER (WHERE c.agent = $3 AND c.status = 'open') AS mine,
       count(*) FILTER (WHERE c.status = 'waiting') AS unassigned,
       count(*) FILTER (WHERE c.status = 'pending') AS with_assistant,
       count(*) AS all
  FROM conversations c
 WHERE c.tenant_id = $1 AND c.status <> 'resolved'
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))

-- name: one
-- A conversation with its place.
SELECT c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at, c.changed_at,
       c.resolved_at, c.thread_id, t.channel_id, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
 WHERE c.tenant_id = $1 AND c.id = $2

-- name: messages
-- What was said, the newest first, before the number at which a page ended.
SELECT id, version, author, kind, text, details, reply_to, status, code, reactions, sent_at,
       edited_at, deleted_at
  FROM messages
 WHERE tenant_id = $1 AND conversation_id = $2 AND ($3::bigint IS NULL OR version < $3)
 ORDER BY version DESC LIMIT $4

-- name: known
-- Which of these teams and active users there are.
SELECT ARRAY(SELECT t.slug FROM teams t WHERE t.tenant_id = $1 AND t.slug = $2) AS teams,
       ARRAY(SELECT u.id FROM users u
              WHERE u.tenant_id = $1 AND u.id = ANY ($3::uuid[]) AND u.status = 'active') AS users
