SET lock_timeout = '5s';

-- A column for each column of the mirror's tables, with the same types, but for `version`. Both sides
-- compute the digest of such a row in the same way. `ref` is the reference by which a row is read
-- again, `day` the day in UTC by which rows are counted.
CREATE VIEW mirrored_contacts WITH (security_invoker = true) AS
SELECT k.tenant_id AS provedor_id, k.id, k.name,
       (SELECT i.value FROM identities i
         WHERE i.tenant_id = k.tenant_id AND i.contact_id = k.id AND i.kind = 'phone'
           AND i.left_at IS NULL LIMIT 1) AS phone,
       NULL::text AS email, NULL::text AS avatar, k.created_at,
       greatest(k.created_at, k.known_at, k.blocked_at, k.shared_at) AS updated_at,
       jsonb_build_object('labels', k.labels, 'blocked', k.blocked_at IS NOT NULL,
                          'merged_into', k.merged_into) AS additional_attributes,
       NULL::timestamptz AS deleted_at
  FROM contacts k;

CREATE VIEW mirrored_conversations WITH (security_invoker = true) AS
SELECT c.tenant_id AS provedor_id, c.id, t.contact_id, t.channel_id AS inbox_id, c.status,
       c.agent AS assignee_id, c.opened_at AS created_at, c.changed_at AS updated_at,
       c.resolved_at AS ended_at,
       jsonb_build_object('protocol', c.protocol, 'team', c.team, 'labels', c.labels,
                          'priority', c.priority, 'rating_status', c.rating_status,
                          'rating_score', c.rating_score) AS additional_attributes,
       NULL::timestamptz AS deleted_at
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id;

CREATE VIEW mirrored_messages WITH (security_invoker = true) AS
SELECT m.tenant_id AS provedor_id, m.id, m.conversation_id,
       (SELECT t.contact_id FROM threads t
         WHERE t.tenant_id = m.tenant_id AND t.id = m.thread_id) AS contact_id,
       CASE WHEN shown.content THEN m.text END AS content,
       m.kind AS message_type, m.author = 'customer' AS is_from_customer, m.external_id,
       CASE WHEN file.id IS NOT NULL THEN '/api/v1/files/' || file.id END AS file_url,
       CASE WHEN shown.content THEN nullif(file.filename, '') END AS file_name,
       file.size AS file_size,
       jsonb_build_object(
           'author', m.author,
           'status', CASE WHEN m.code = 'cancelled' THEN 'cancelled' ELSE m.status END,
           'edited_at', m.edited_at, 'reply_to', m.reply_to) AS additional_attributes,
       m.sent_at AS created_at, m.deleted_at
  FROM messages m
 CROSS JOIN LATERAL (
       SELECT coalesce((SELECT s.messages FROM mirror_settings s
                         WHERE s.tenant_id = m.tenant_id), 'metadata') AS policy) AS p
 CROSS JOIN LATERAL (
       SELECT p.policy = 'full' AND m.deleted_at IS NULL AS content) AS shown
  LEFT JOIN LATERAL (
       SELECT a.id, a.filename, a.size FROM attachments a
        WHERE a.tenant_id = m.tenant_id AND a.id = (m.details ->> 'attachment')::uuid
        LIMIT 1) AS file ON true
 WHERE m.conversation_id IS NOT NULL AND p.policy <> 'none';

CREATE VIEW mirrored_ratings WITH (security_invoker = true) AS
SELECT r.tenant_id AS provedor_id, r.id, r.conversation_id,
       (SELECT t.contact_id FROM threads t
         WHERE t.tenant_id = r.tenant_id AND t.id = r.thread_id) AS contact_id,
       (ARRAY['😡', '😕', '😐', '🙂', '🤩'])[r.score] AS emoji_rating,
       r.score::bigint AS rating_value, r.answered_at AS feedback_sent_at,
       CASE WHEN (SELECT s.messages FROM mirror_settings s
                   WHERE s.tenant_id = r.tenant_id) = 'full'
            THEN (SELECT a.text FROM messages a
                   WHERE a.tenant_id = r.tenant_id AND a.id = r.answer_id
                     AND a.deleted_at IS NULL) END AS original_message,
       NULL::text AS contact_avatar,
       jsonb_build_object('team', r.team, 'agent', r.agent, 'theme', r.theme, 'tone', r.tone,
                          'urgency', r.urgency) AS additional_attributes,
       r.created_at, NULL::timestamptz AS deleted_at
  FROM ratings r WHERE r.status = 'answered' AND r.score IS NOT NULL;

-- The audit log in the shape of the mirror. A view would keep `niochat audit partition` from replacing
-- the table.
CREATE OR REPLACE FUNCTION mirrored_audit(provider uuid)
    RETURNS TABLE (provedor_id uuid, id uuid, conversation_id uuid, action text, details jsonb,
                   user_id text, ended_at timestamptz, created_at timestamptz,
                   deleted_at timestamptz, ref bigint, xid xid8)
    LANGUAGE sql STABLE AS $$
    SELECT a.tenant_id, md5('audit:' || a.id)::uuid, NULL::uuid, a.action,
           jsonb_build_object('target', a.target, 'before', a.before, 'after', a.after,
                              'who_kind', a.who_kind),
           a.who, NULL::timestamptz, a.at, NULL::timestamptz, a.id, a.xid
      FROM audit a WHERE a.tenant_id = $1
$$;

CREATE VIEW mirrored_events WITH (security_invoker = true) AS
SELECT e.tenant_id AS provedor_id, md5(e.conversation_id || ':' || e.version)::uuid AS id,
       e.conversation_id, e.type AS action, e.body - 'type' AS details,
       coalesce(e.body ->> 'by', e.body ->> 'agent') AS user_id,
       CASE WHEN e.type = 'conversation_resolved' THEN e.at END AS ended_at, e.at AS created_at,
       NULL::timestamptz AS deleted_at, e.version AS ref, e.xid
  FROM events e
 WHERE e.type IN ('conversation_resolved', 'conversation_reopened', 'conversation_assigned',
                  'conversation_transferred', 'conversation_handed_off');

CREATE VIEW mirrored_rollups WITH (security_invoker = true) AS
SELECT r.tenant_id AS provedor_id,
       md5(concat_ws(':', r.grain, r.dimension, extract(epoch FROM r.bucket), r.key))::uuid AS id,
       r.grain, r.dimension, r.bucket, r.key,
       r.conversations, r.outside_hours, r.resolved, r.resolved_agent, r.resolved_assistant,
       r.resolved_inactivity, r.solved_by_assistant, r.with_people, r.handoffs, r.reopened,
       r.transfers, r.offline_returns, r.after_hours, r.first_answers, r.first_answer_ms,
       r.first_answer_open_ms, r.first_human_answers, r.first_human_ms,
       r.first_human_open_ms, r.next_answers, r.next_answer_ms, r.next_answer_open_ms,
       r.assistant_ms, r.assistant_open_ms, r.waiting_ms, r.waiting_open_ms, r.agent_ms,
       r.agent_open_ms, r.snoozed_ms, r.snoozed_open_ms, r.resolution_ms,
       r.resolution_open_ms, r.ratings, r.rating_sum, r.messages_customer,
       r.messages_assistant, r.messages_agent, r.messages_phone, r.messages_system,
       r.messages_failed, r.turns, r.turn_failures, r.tool_calls, r.tokens, r.cost_micros,
       r.with_turns, r.solved_with_turns, r.confirmed_by_words, r.returned_24h,
       r.returned_72h,
       r.bucket AS created_at,
       -- What conversations no longer add to is a row of zeros, which a rebuild leaves out.
       CASE WHEN r.conversations = 0 AND r.messages_customer = 0 AND r.messages_assistant = 0
             AND r.messages_agent = 0 AND r.messages_phone = 0 AND r.messages_system = 0
             AND r.turns = 0 THEN r.bucket END AS deleted_at
  FROM analytics.rollups r
  JOIN analytics.projections j
    ON j.tenant_id = r.tenant_id AND j.name = 'conversations' AND j.generation = r.generation;
GRANT SELECT ON mirrored_contacts, mirrored_conversations, mirrored_messages, mirrored_ratings,
    mirrored_events, mirrored_rollups TO niochat_app;

-- The digest of a row in the shape of the mirror: the project's function niochat_digest computes the
-- same. Timestamps are compared in UTC, which is the time zone of the mirror's sessions.
CREATE OR REPLACE FUNCTION mirror_digest(mirrored jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    RETURN ('x' || left(md5(mirrored::text), 16))::bit(64)::bigint::numeric;
