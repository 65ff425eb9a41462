-- name: list_subscribed_tenants
-- Tenants in which somebody has subscribed.
SELECT DISTINCT tenant_id FROM push_subscriptions

-- name: create_position
-- Begins to read the log at its end.
INSERT INTO push_positions (xid, conversation_id, version)
VALUES (log_horizon(), '00000000-0000-0000-0000-000000000000', 0) ON CONFLICT DO NOTHING

-- name: lock_position
-- The position, for one reader at a time, and the end of the log. A position that was not read for
-- $1 seconds is stale: nobody waits for notifications of that time.
SELECT xid::text, conversation_id, version, log_horizon()::text AS horizon,
       read_at < now() - make_interval(secs => $1) AS stale
  FROM push_positions FOR UPDATE SKIP LOCKED

-- name: save_position
-- Stores how far the log was read.
UPDATE push_positions SET xid = $1::text::xid8, conversation_id = $2, version = $3, read_at = now()

-- name: list_positions
-- The positions of the next events that may notify somebody of these tenants.
SELECT xid::text, conversation_id, version FROM events
 WHERE (xid, conversation_id, version) > ($1::text::xid8, $2::uuid, $3::bigint)
   AND (xid, conversation_id, version) <= ($4::text::xid8, $5::uuid, $6::bigint)
   AND tenant_id::text = ANY ($7::uuid[]::text[]) AND type = ANY ($8::text[])
 ORDER BY events.xid, conversation_id, version LIMIT $9

-- name: enqueue
-- Queues a notification of these events for each browser of each person concerned who wants this
-- kind. A second reader of the same events adds nothing.
INSERT INTO push_sends (tenant_id, subscription_id, user_id, kind, conversation_id, version,
                        message_id, next_at)
SELECT e.tenant_id, s.id, s.user_id, r.kind, e.conversation_id, e.version,
       (e.body ->> 'message')::uuid, now() + make_interval(secs => $9)
  FROM events e
  JOIN conversations c ON c.tenant_id = e.tenant_id AND c.id = e.conversation_id
 CROSS JOIN LATERAL (
       SELECT 'new_message' AS kind, c.agent AS user_id
        WHERE e.type = 'message_received' AND NOT EXISTS (  -- whoever got it since has read it
              SELECT FROM events l
               WHERE l.tenant_id = e.tenant_id AND l.conversation_id = e.conversation_id
                 AND l.version > e.version
                 AND l.type IN ('conversation_assigned', 'conversation_transferred'))
       UNION ALL
       SELECT 'assignment', e.body ->> 'agent'
        WHERE e.type = 'conversation_assigned' AND e.body ->> 'queue' IS NOT NULL
           OR e.type = 'conversation_transferred' AND e.body ->> 'agent' <> e.body ->> 'by'
       UNION ALL
       SELECT 'mention', x.id
         FROM messages m
        CROSS JOIN LATERAL jsonb_array_elements_text(
              CASE jsonb_typeof(m.details -> 'mentions') WHEN 'array' THEN m.details -> 'mentions'
                   ELSE '[]' END) AS x (id)
        WHERE e.type = 'note_added' AND m.tenant_id = e.tenant_id
          AND m.id = (e.body ->> 'message')::uuid AND x.id IS DISTINCT FROM m.details ->> 'agent'
       UNION ALL
       SELECT 'new_conversation', t.user_id::text
         FROM team_members t
        WHERE (e.type = 'conversation_handed_off'
               OR e.type = 'conversation_transferred' AND e.body ->> 'agent' IS NULL)
          AND c.status = 'waiting' AND t.tenant_id = e.tenant_id AND t.team = e.body ->> 'team'
          AND t.user_id::text IS DISTINCT FROM e.body ->> 'by'
       ) AS r
  JOIN push_subscriptions s ON s.tenant_id = e.tenant_id AND s.user_id::text = r.user_id
  LEFT JOIN preferences p ON p.tenant_id = s.tenant_id AND p.user_id = s.user_id
 WHERE (e.xid, e.conversation_id, e.version) > ($1::text::xid8, $2::uuid, $3::bigint)
   AND (e.xid, e.conversation_id, e.version) <= ($4::text::xid8, $5::uuid, $6::bigint)
   AND e.tenant_id::text = ANY ($7::uuid[]::text[]) AND e.type = ANY ($8::text[])
   AND coalesce((p.document #>> ARRAY['notifications', 'push', r.kind])::boolean, true)
ON CONFLICT DO NOTHING

-- name: claim
-- Claims due notifications for a minute. One whose sender reports no result by then is due again.
UPDATE push_sends p
   SET status = 'sending', attempts = attempts + 1, next_at = $1 + interval '1 minute'
  FROM (SELECT tenant_id, id FROM push_sends
         WHERE status IN ('queued', 'sending') AND next_at <= $1
         ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
 WHERE p.tenant_id = due.tenant_id AND p.id = due.id
RETURNING p.tenant_id, p.id

-- name: load
-- Claimed notifications with what they say. `relevant` says that the person has not seen it yet and
-- that it still concerns them.
SELECT p.tenant_id, p.id, p.subscription_id, p.kind, p.conversation_id, p.attempts, p.created_at,
       s.sealed, c.contact, t.name AS team, m.text, m.kind AS message_kind,
       coalesce((f.document #>> '{notifications,hide_text}')::boolean, false) AS hide_text,
       coalesce(f.document ->> 'language', 'pt-BR') AS language,
       CASE p.kind
            WHEN 'new_message' THEN c.agent = p.user_id::text AND c.status IN ('open', 'snoozed')
            WHEN 'assignment' THEN c.agent = p.user_id::text AND c.status IN ('open', 'snoozed')
            WHEN 'new_conversation' THEN c.status = 'waiting' AND EXISTS (
                 SELECT FROM team_members w WHERE w.tenant_id = p.tenant_id
                    AND w.team = c.team AND w.user_id = p.user_id)
            ELSE true END
       AND (p.message_id IS NULL
            OR m.deleted_at IS NULL
               AND p.version > coalesce((SELECT r.upto FROM reads r
                    WHERE r.tenant_id = p.tenant_id AND r.user_id = p.user_id
                      AND r.conversation_id = p.conversation_id), 0))
       AND NOT EXISTS (
           SELECT FROM push_sends l
            WHERE l.subscription_id = p.subscription_id AND l.conversation_id = p.conversation_id
              AND l.version > p.version AND l.kind = p.kind AND l.kind = 'new_message'
              AND l.status || '' IN ('queued', 'sending')) AS relevant
  FROM unnest($1::uuid[], $2::uuid[]) AS claimed (tenant_id, id)
  JOIN push_sends p ON p.tenant_id = claimed.tenant_id AND p.id = claimed.id
  LEFT JOIN push_subscriptions s ON s.tenant_id = p.tenant_id AND s.id = p.subscription_id
  LEFT JOIN preferences f ON f.tenant_id = p.tenant_id AND f.user_id = p.user_id
  LEFT JOIN messages m ON m.tenant_id = p.tenant_id AND m.id = p.message_id
  LEFT JOIN shown_conversations c ON c.tenant_id = p.tenant_id AND c.id = p.conversation_id
  LEFT JOIN teams t ON t.tenant_id = p.tenant_id AND t.slug = c.team

-- name: list_signed_in
-- Those of these subscriptions whose user is signed in, as the next request would see it.
SELECT s.id
  FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
  JOIN push_subscriptions s ON s.tenant_id = x.tenant_id AND s.id = x.id
  JOIN sessions e ON e.id = s.session_id
  JOIN users u ON u.id = s.user_id
  JOIN tenants n ON n.tenant_id = s.tenant_id
 WHERE u.status = 'active' AND n.status = 'active' AND e.ended_at IS NULL
   AND e.expires_at > $3 AND e.seen_at > $3 - n.session_idle

-- name: settle
-- Records the result of an attempt, unless another attempt has begun since.
UPDATE push_sends SET status = $4, code = $5, next_at = coalesce($6, next_at)
 WHERE tenant_id = $1 AND id = $2 AND status || '' = 'sending' AND attempts = $3

-- name: delete_subscription
-- Deletes a subscription that its push service does not know any more.
DELETE FROM push_subscriptions WHERE tenant_id = $1 AND id = $2

-- name: delete_old
-- Deletes notifications of the days before.
DELETE FROM push_sends WHERE created_at < now() - interval '1 day'
