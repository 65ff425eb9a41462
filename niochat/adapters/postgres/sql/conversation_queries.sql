-- name: live
-- Unresolved conversations that the caller may see ($2 own, team or all; $3 user; $4 teams),
-- filtered by status, team, agent or label, latest change first, after the end of the previous
-- page. The page is selected first, so that names and phone numbers are read only for its rows.
WITH page AS MATERIALIZED (
    SELECT tenant_id, id FROM conversations
     WHERE tenant_id = $1 AND status <> 'resolved'
       AND ($2 = 'all' OR agent = $3 OR $2 = 'team' AND
            (team = ANY ($4::text[]) OR team IS NULL AND agent IS NULL))
       AND ($5::text IS NULL OR status = $5)
       AND ($6::text IS NULL OR team = $6)
       AND ($7::text IS NULL OR agent = $7)
       AND ($8::text IS NULL OR $8 = ANY (labels))
       AND ($9::timestamptz IS NULL OR (changed_at, id) < ($9, $10::uuid))
     ORDER BY changed_at DESC, id DESC LIMIT $11
)
SELECT c.*,
       (pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296)::text AS horizon
  FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at DESC, c.id DESC

-- name: live_again
-- Of these, the conversations that changed after the first page was read ($12: its oldest running
-- transaction, modulo 2^32), in order of change: a conversation that changes again moves to the
-- end.
WITH page AS MATERIALIZED (
    SELECT tenant_id, id FROM conversations
     WHERE tenant_id = $1 AND status <> 'resolved'
       AND ($2 = 'all' OR agent = $3 OR $2 = 'team' AND
            (team = ANY ($4::text[]) OR team IS NULL AND agent IS NULL))
       AND ($5::text IS NULL OR status = $5)
       AND ($6::text IS NULL OR team = $6)
       AND ($7::text IS NULL OR agent = $7)
       AND ($8::text IS NULL OR $8 = ANY (labels))
       AND changed_at >= $9::timestamptz AND (changed_at, id) > ($9, $10::uuid)
       AND age(xmin) <= age($12::text::xid)
     ORDER BY changed_at, id LIMIT $11
)
SELECT c.* FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at, c.id

-- name: waiting
-- Of these, the conversations whose customer waits for a person, longest wait first.
WITH page AS MATERIALIZED (
    SELECT tenant_id, id FROM conversations
     WHERE tenant_id = $1 AND status <> 'resolved' AND waiting_since IS NOT NULL
       AND ($2 = 'all' OR agent = $3 OR $2 = 'team' AND
            (team = ANY ($4::text[]) OR team IS NULL AND agent IS NULL))
       AND ($5::text IS NULL OR status = $5)
       AND ($6::text IS NULL OR team = $6)
       AND ($7::text IS NULL OR agent = $7)
       AND ($8::text IS NULL OR $8 = ANY (labels))
       AND ($9::timestamptz IS NULL OR (waiting_since, id) > ($9, $10::uuid))
     ORDER BY waiting_since, id LIMIT $11
)
SELECT c.* FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.waiting_since, c.id

-- name: resolved
-- The same for resolved conversations, latest change first.
WITH page AS MATERIALIZED (
    SELECT tenant_id, id FROM conversations
     WHERE tenant_id = $1 AND status = 'resolved'
       AND ($2 = 'all' OR agent = $3 OR $2 = 'team' AND
            (team = ANY ($4::text[]) OR team IS NULL AND agent IS NULL))
       AND ($5::text IS NULL OR status = $5)
       AND ($6::text IS NULL OR team = $6)
       AND ($7::text IS NULL OR agent = $7)
       AND ($8::text IS NULL OR $8 = ANY (labels))
       AND ($9::timestamptz IS NULL OR (changed_at, id) < ($9, $10::uuid))
     ORDER BY changed_at DESC, id DESC LIMIT $11
)
SELECT c.*,
       (pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296)::text AS horizon
  FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at DESC, c.id DESC

-- name: resolved_again
-- Of these, the conversations that changed after the first page was read, as in live_again.
WITH page AS MATERIALIZED (
    SELECT tenant_id, id FROM conversations
     WHERE tenant_id = $1 AND status = 'resolved'
       AND ($2 = 'all' OR agent = $3 OR $2 = 'team' AND
            (team = ANY ($4::text[]) OR team IS NULL AND agent IS NULL))
       AND ($5::text IS NULL OR status = $5)
       AND ($6::text IS NULL OR team = $6)
       AND ($7::text IS NULL OR agent = $7)
       AND ($8::text IS NULL OR $8 = ANY (labels))
       AND changed_at >= $9::timestamptz AND (changed_at, id) > ($9, $10::uuid)
       AND age(xmin) <= age($12::text::xid)
     ORDER BY changed_at, id LIMIT $11
)
SELECT c.* FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at, c.id

-- name: counts
-- Counts of unresolved conversations: the caller's own, those in a queue, those of the assistant,
-- and all.
SELECT count(*) FILTER (WHERE c.agent = $3 AND c.status = 'open') AS mine,
       count(*) FILTER (WHERE c.status = 'waiting') AS unassigned,
       count(*) FILTER (WHERE c.status = 'pending') AS with_assistant,
       count(*) AS all
  FROM conversations c
 WHERE c.tenant_id = $1 AND c.status <> 'resolved'
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))

-- name: one
-- A conversation with its thread and channel.
SELECT * FROM shown_conversations WHERE tenant_id = $1 AND id = $2

-- name: messages
-- The messages of a conversation, newest first, before the version at which the previous page
-- ended.
SELECT * FROM shown_messages
 WHERE tenant_id = $1 AND conversation_id = $2 AND ($3::bigint IS NULL OR version < $3)
 ORDER BY version DESC LIMIT $4

-- name: message
-- One message of a conversation.
SELECT * FROM shown_messages WHERE tenant_id = $1 AND conversation_id = $2 AND id = $3

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
