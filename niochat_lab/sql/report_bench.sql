-- name: copy_contacts
-- A contact with a thread for each customer of the month's conversations $3, as copy $2.
WITH chosen AS MATERIALIZED (
    SELECT c.thread_id, t.channel_id, t.contact_id, min(c.opened_at) AS at
      FROM conversations c JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
     WHERE c.tenant_id = $1 AND c.id = ANY ($3::uuid[])
     GROUP BY 1, 2, 3
), people AS (
    INSERT INTO contacts (tenant_id, id, name, created_at)
    SELECT $1::uuid, md5(contact_id || ':' || $2::text)::uuid, 'Cliente ' || $2::text, at
      FROM chosen
)
INSERT INTO threads (tenant_id, id, channel_id, contact_id, created_at)
SELECT $1::uuid, md5(thread_id || ':' || $2::text)::uuid, channel_id,
       md5(contact_id || ':' || $2::text)::uuid, at
  FROM chosen

-- name: copy_conversations
-- Copy $2 of the conversations $4, $3 days earlier.
INSERT INTO conversations
SELECT r.* FROM conversations c
 CROSS JOIN LATERAL jsonb_populate_record(c, jsonb_build_object(
       'id', md5(c.id || ':' || $2::text)::uuid,
       'thread_id', md5(c.thread_id || ':' || $2::text)::uuid,
       'protocol', 'B' || $2::text || '-' || c.protocol,
       'opened_at', c.opened_at - make_interval(days => $3::int),
       'changed_at', c.changed_at - make_interval(days => $3::int),
       'resolved_at', c.resolved_at - make_interval(days => $3::int),
       'rating_until', NULL)) AS r
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: copy_messages
-- Their messages.
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      details, external_id, status, sent_at, stored_at)
SELECT m.tenant_id, md5(m.id || ':' || $2::text)::uuid,
       md5(m.thread_id || ':' || $2::text)::uuid, md5(c.id || ':' || $2::text)::uuid, m.version,
       m.author, m.kind, m.text, m.details, m.external_id, m.status,
       m.sent_at - make_interval(days => $3::int), m.stored_at - make_interval(days => $3::int)
  FROM conversations c
  JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: copy_measures
-- What the projector wrote about them.
INSERT INTO analytics.conversation_measures
SELECT r.* FROM conversations c
  JOIN analytics.conversation_measures m
    ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
 CROSS JOIN LATERAL jsonb_populate_record(m, jsonb_build_object(
       'conversation_id', md5(c.id || ':' || $2::text)::uuid,
       'thread_id', md5(c.thread_id || ':' || $2::text)::uuid,
       'opened_at', m.opened_at - make_interval(days => $3::int),
       'opened_hour', m.opened_hour - make_interval(days => $3::int),
       'opened_day', m.opened_day - make_interval(days => $3::int),
       'opened_week', m.opened_week - make_interval(days => $3::int),
       'returned_at', m.returned_at - make_interval(days => $3::int),
       'resolved_at', m.resolved_at - make_interval(days => $3::int))) AS r
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: copy_answers
-- The answers of people in them.
INSERT INTO analytics.human_answers
SELECT r.* FROM conversations c
  JOIN analytics.human_answers a ON a.tenant_id = c.tenant_id AND a.conversation_id = c.id
 CROSS JOIN LATERAL jsonb_populate_record(a, jsonb_build_object(
       'conversation_id', md5(c.id || ':' || $2::text)::uuid,
       'at', a.at - make_interval(days => $3::int))) AS r
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: copy_turns
-- The assistant's turns in them.
INSERT INTO analytics.assistant_turns
SELECT r.* FROM conversations c
  JOIN analytics.assistant_turns t ON t.tenant_id = c.tenant_id AND t.conversation_id = c.id
 CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
       'conversation_id', md5(c.id || ':' || $2::text)::uuid,
       'turn_id', md5(t.turn_id || ':' || $2::text)::uuid,
       'at', t.at - make_interval(days => $3::int))) AS r
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: copy_deliveries
-- What became of the messages in them.
INSERT INTO analytics.deliveries
SELECT r.* FROM conversations c
  JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
  JOIN analytics.deliveries d ON d.tenant_id = m.tenant_id AND d.message_id = m.id
 CROSS JOIN LATERAL jsonb_populate_record(d, jsonb_build_object(
       'message_id', md5(m.id || ':' || $2::text)::uuid,
       'conversation_id', md5(c.id || ':' || $2::text)::uuid,
       'queued_at', d.queued_at - make_interval(days => $3::int),
       'queued_hour', d.queued_hour - make_interval(days => $3::int),
       'queued_day', d.queued_day - make_interval(days => $3::int),
       'sent_at', d.sent_at - make_interval(days => $3::int),
       'delivered_at', d.delivered_at - make_interval(days => $3::int),
       'read_at', d.read_at - make_interval(days => $3::int),
       'failed_at', d.failed_at - make_interval(days => $3::int))) AS r
 WHERE c.tenant_id = $1 AND c.id = ANY ($4::uuid[])

-- name: list_message_copies
-- The messages of these conversations ($2).
SELECT id FROM messages WHERE tenant_id = $1 AND conversation_id = ANY ($2::uuid[])

-- name: list_template
-- The resolved conversations of the month.
SELECT id FROM conversations WHERE tenant_id = $1 AND status = 'resolved'

-- name: list_copies
-- The conversations of copy $2 of these conversations ($1).
SELECT md5(id || ':' || $2::text)::uuid AS id FROM unnest($1::uuid[]) AS x (id)

-- name: live_generation
-- The generation of a projection that reports read.
SELECT generation FROM analytics.projections WHERE tenant_id = $1 AND name = $2

-- name: count_rows
-- How much the tenant has: conversations, messages, measured conversations, and those in roll-ups.
SELECT (SELECT count(*) FROM conversations WHERE tenant_id = $1),
       (SELECT count(*) FROM messages WHERE tenant_id = $1),
       (SELECT count(*) FROM analytics.conversation_measures WHERE tenant_id = $1),
       (SELECT sum(conversations)::bigint FROM analytics.rollups
         WHERE tenant_id = $1 AND grain = 'day' AND dimension = 'none')

-- name: count_unread_events
-- Events that projections of the tenant have not read, each counted once for each projection, and
-- whether there are projections.
SELECT coalesce(sum((SELECT count(*) FROM events e
                      WHERE e.tenant_id = p.tenant_id
                        AND (e.xid, e.conversation_id, e.version)
                            > (p.xid, p.conversation_id, p.version))), 0)::bigint AS unread,
       count(*) > 0 AS begun
  FROM analytics.positions p WHERE p.tenant_id = $1

-- name: pause_projections
-- Projections of the tenant rest for an hour, as those that met an event which they cannot read.
UPDATE analytics.positions
   SET failed_version = 0, failed_since = now(), failed_reason = 'bench',
       retry_at = now() + interval '1 hour'
 WHERE tenant_id = $1

-- name: resume_projections
-- And go on.
UPDATE analytics.positions
   SET failed_version = NULL, failed_since = NULL, failed_reason = NULL, retry_at = NULL
 WHERE tenant_id = $1
