SET lock_timeout = '5s';

-- A customer who does not want to be asked for ratings.
ALTER TABLE contacts ADD COLUMN ratings_refused_at timestamptz;

-- What lists show of a conversation's rating, and until when it may still change: 'infinity' while
-- an answer is expected.
ALTER TABLE conversations
    ADD COLUMN rating_status text,
    ADD COLUMN rating_score smallint,
    ADD COLUMN rating_until timestamptz;
CREATE INDEX conversations_open_rating ON conversations (thread_id) WHERE rating_until IS NOT NULL;

-- One row for each rating. Its texts are messages.
CREATE TABLE ratings (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    id              uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thread_id       uuid NOT NULL,
    channel_id      uuid NOT NULL,
    team            text,                              -- those of the resolution
    agent           text,
    status          text NOT NULL CHECK (status IN ('scheduled', 'sent', 'answered', 'expired',
                                                    'skipped', 'failed')),
    reason          text NOT NULL,                     -- why it was skipped, expired or failed
    due_at          timestamptz,
    requested_at    timestamptz,
    sent_at         timestamptz,
    answered_at     timestamptz,
    score           smallint CHECK (score BETWEEN 1 AND 5),
    request_id      uuid,                              -- messages
    answer_id       uuid,
    comment_ids     uuid[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now(),
    theme           text,                              -- what a model found in the comment
    tone            text,
    urgency         text,
    classification  text CHECK (classification IN ('wanted', 'done', 'failed', 'over_budget')),
    classify_at     timestamptz NOT NULL DEFAULT now(),    -- who claimed it has until then
    classify_tries  smallint NOT NULL DEFAULT 0,
    classify_cost   numeric NOT NULL DEFAULT 0,
    cost            numeric NOT NULL DEFAULT 0,        -- of opinions and classifications
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX ratings_newest ON ratings (tenant_id, created_at DESC, id);
CREATE INDEX ratings_conversation ON ratings (tenant_id, conversation_id);
CREATE INDEX ratings_thread ON ratings (tenant_id, thread_id, sent_at);
CREATE INDEX ratings_wanted ON ratings (classify_at) WHERE classification = 'wanted';
ALTER TABLE ratings ENABLE ROW LEVEL SECURITY;
ALTER TABLE ratings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON ratings TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON ratings TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT ON ratings TO niochat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ratings TO niochat_system;

-- The options of a menu, which the gateway shows as a list.
ALTER TABLE outbox ADD COLUMN choices jsonb;

-- The functions of a step are long, and other changes of them stay as they are.
DO $patch$
DECLARE
    before text := pg_get_functiondef('fence_step'::regproc);
    after text;
BEGIN
    after := replace(before,
$old$                   resolved_at = CASE WHEN x.status = 'resolved' THEN x.at END,
$old$,
$new$                   resolved_at = CASE WHEN x.status = 'resolved' THEN coalesce(c.resolved_at, x.at) END,
                   rating_status = CASE WHEN x.state ? 'rating' THEN x.state #>> '{rating,status}'
                                        ELSE c.rating_status END,
                   rating_score = coalesce((x.state #>> '{rating,score}')::smallint, c.rating_score),
                   rating_until = CASE WHEN x.status <> 'resolved' THEN NULL
                       WHEN x.state #>> '{rating,status}' IN ('scheduled', 'sent') THEN 'infinity'
                       WHEN x.state #>> '{rating,status}' = 'answered'
                       THEN (x.state #>> '{rating,answered_at}')::timestamptz + interval '10 minutes'
                   END,
$new$);
    IF after = before THEN
        RAISE EXCEPTION 'fence_step does not look as expected';
    END IF;
    EXECUTE after;

    before := pg_get_functiondef('write_step'::regproc);
    after := replace(before,
$old$                            message_id, origin, kind, text, attachment_id)
        SELECT x.tenant_id, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id,
               x.conversation_id, x.message_id, x.origin, x.kind, x.text, a.id
          FROM ROWS FROM (jsonb_to_recordset(steps -> 'sends') AS (
                   tenant_id uuid, id uuid, thread_id uuid, channel_id uuid, conversation_id uuid,
                   message_id uuid, origin text, kind text, text text, attachment_id uuid))
               WITH ORDINALITY AS x (tenant_id, id, thread_id, channel_id, conversation_id,
                                     message_id, origin, kind, text, attachment_id, n)
$old$,
$new$                            message_id, origin, kind, text, attachment_id, choices)
        SELECT x.tenant_id, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id,
               x.conversation_id, x.message_id, x.origin, x.kind, x.text, a.id, x.choices
          FROM ROWS FROM (jsonb_to_recordset(steps -> 'sends') AS (
                   tenant_id uuid, id uuid, thread_id uuid, channel_id uuid, conversation_id uuid,
                   message_id uuid, origin text, kind text, text text, attachment_id uuid,
                   choices jsonb))
               WITH ORDINALITY AS x (tenant_id, id, thread_id, channel_id, conversation_id,
                                     message_id, origin, kind, text, attachment_id, choices, n)
$new$);
    after := replace(after, $old$    -- Timers that fired are consumed;$old$,
$new$    -- One send that must not leave any more, unless it has started to.
    IF steps ? 'cancelled_sends' THEN
        WITH lost AS (
            UPDATE outbox o SET status = 'cancelled', settled_at = now()
              FROM jsonb_to_recordset(steps -> 'cancelled_sends') AS x (
                   thread_id uuid, tenant_id uuid, id uuid)
             WHERE o.tenant_id = x.tenant_id AND o.id = x.id AND x.thread_id = ANY (won)
               AND o.status = 'queued'
            RETURNING o.tenant_id, o.message_id
        )
        UPDATE messages m SET code = 'cancelled' FROM lost
         WHERE m.tenant_id = lost.tenant_id AND m.id = lost.message_id;
    END IF;
    -- A rating as it is now. Team and agent stay those of its first row.
    IF steps ? 'ratings' THEN
        INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, team, agent,
                             status, reason, due_at, requested_at, sent_at, answered_at, score,
                             request_id, answer_id, comment_ids, classification, cost)
        SELECT x.tenant_id, x.id, x.conversation_id, x.thread_id, x.channel_id, x.team, x.agent,
               x.status, x.reason, x.due_at, x.requested_at, x.sent_at, x.answered_at, x.score,
               x.request_id, x.answer_id, coalesce(x.comment_ids, '{}'),
               CASE WHEN x.classify THEN 'wanted' END, coalesce(x.cost, 0)
          FROM jsonb_to_recordset(steps -> 'ratings') AS x (
               tenant_id uuid, id uuid, conversation_id uuid, thread_id uuid, channel_id uuid,
               team text, agent text, status text, reason text, due_at timestamptz,
               requested_at timestamptz, sent_at timestamptz, answered_at timestamptz,
               score smallint, request_id uuid, answer_id uuid, comment_ids uuid[], classify bool,
               cost numeric)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, id) DO UPDATE
           SET status = excluded.status, reason = excluded.reason, due_at = excluded.due_at,
               requested_at = excluded.requested_at, sent_at = excluded.sent_at,
               answered_at = excluded.answered_at, score = excluded.score,
               request_id = excluded.request_id, answer_id = excluded.answer_id,
               comment_ids = excluded.comment_ids, changed_at = now(),
               classification = coalesce(excluded.classification, ratings.classification),
               classify_tries = CASE WHEN excluded.classification IS NULL
                                     THEN ratings.classify_tries ELSE 0 END,
               cost = ratings.cost + excluded.cost;
    END IF;
    -- Timers that fired are consumed;$new$);
    IF after NOT LIKE '%cancelled_sends%' OR after NOT LIKE '%x.choices%' THEN
        RAISE EXCEPTION 'write_step does not look as expected';
    END IF;
    EXECUTE after;
END $patch$;

CREATE OR REPLACE VIEW shown_conversations WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at,
       c.changed_at, c.resolved_at, c.waiting_since, c.priority, c.labels, c.snoozed_until,
       c.thread_id, t.channel_id, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i
         WHERE i.tenant_id = c.tenant_id AND i.contact_id = k.id AND i.kind = 'phone'
           AND i.left_at IS NULL LIMIT 1) AS phone,
       (SELECT h.name FROM channels h
         WHERE h.tenant_id = c.tenant_id AND h.id = t.channel_id) AS channel,
       c.status = 'pending' OR (c.state -> 'after_hours')::bool IS TRUE AS assistant_writes,
       c.paused_until, k.blocked_at IS NOT NULL AS contact_blocked,
       (SELECT jsonb_build_object(
                   'id', m.id, 'version', m.version, 'author', m.author, 'kind', m.kind,
                   'text', CASE WHEN m.deleted_at IS NULL THEN left(m.text, 140) ELSE '' END,
                   'sent_at', m.sent_at, 'status', m.status,
                   'deleted', m.deleted_at IS NOT NULL)
          FROM messages m
         WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id
         ORDER BY m.version DESC LIMIT 1) AS last_message,
       c.rating_status, c.rating_score
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id;
