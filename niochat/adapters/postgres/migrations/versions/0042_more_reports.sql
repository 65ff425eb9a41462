SET lock_timeout = '5s';

-- What customers wanted. Rows of older generations have the default, and are replaced; older code
-- cannot write rows any more.
ALTER TABLE analytics.conversation_measures ADD contact_reasons text[] NOT NULL DEFAULT '{}';

-- Two more dimensions: contact reasons (a conversation without one has the key ''), and whether
-- people ever had the conversation.
CREATE OR REPLACE VIEW analytics.contributions WITH (security_invoker = true) AS
SELECT m.tenant_id, m.generation, m.conversation_id, m.opened_at, m.opened_hour, m.opened_day,
       m.team, m.agent, m.channel_id, m.labels, dimensions.dimension, dimensions.key,
       counted.one::bigint AS conversations,
       (counted.one * ((NOT m.opened_in_hours)::int))::bigint AS outside_hours,
       (counted.one * ((m.resolved_at IS NOT NULL)::int))::bigint AS resolved,
       (counted.one * ((m.resolution IS NOT DISTINCT FROM 'agent')::int))::bigint AS resolved_agent,
       (counted.one * ((m.resolution IS NOT DISTINCT FROM 'assistant')::int))::bigint AS resolved_assistant,
       (counted.one * ((m.resolution IS NOT DISTINCT FROM 'inactivity')::int))::bigint AS resolved_inactivity,
       (counted.one * (m.solved_by_assistant::int))::bigint AS solved_by_assistant,
       (counted.one * (m.people_held::int))::bigint AS with_people,
       (counted.one * (cardinality(m.handoff_reasons)))::bigint AS handoffs,
       (counted.one * (m.reopened))::bigint AS reopened,
       (counted.one * (m.transfers))::bigint AS transfers,
       (counted.one * (m.offline_returns))::bigint AS offline_returns,
       (counted.one * (m.after_hours::int))::bigint AS after_hours,
       (counted.one * ((m.first_answer_ms IS NOT NULL)::int))::bigint AS first_answers,
       (counted.one * (coalesce(m.first_answer_ms, 0)))::bigint AS first_answer_ms,
       (counted.one * (coalesce(m.first_answer_open_ms, 0)))::bigint AS first_answer_open_ms,
       (counted.one * ((m.first_human_ms IS NOT NULL)::int))::bigint AS first_human_answers,
       (counted.one * (coalesce(m.first_human_ms, 0)))::bigint AS first_human_ms,
       (counted.one * (coalesce(m.first_human_open_ms, 0)))::bigint AS first_human_open_ms,
       (counted.one * (m.next_answers))::bigint AS next_answers,
       (counted.one * (m.next_answer_ms))::bigint AS next_answer_ms,
       (counted.one * (m.next_answer_open_ms))::bigint AS next_answer_open_ms,
       (counted.one * (m.assistant_ms))::bigint AS assistant_ms,
       (counted.one * (m.assistant_open_ms))::bigint AS assistant_open_ms,
       (counted.one * (m.waiting_ms))::bigint AS waiting_ms,
       (counted.one * (m.waiting_open_ms))::bigint AS waiting_open_ms,
       (counted.one * (m.agent_ms))::bigint AS agent_ms,
       (counted.one * (m.agent_open_ms))::bigint AS agent_open_ms,
       (counted.one * (m.snoozed_ms))::bigint AS snoozed_ms,
       (counted.one * (m.snoozed_open_ms))::bigint AS snoozed_open_ms,
       (counted.one * (CASE WHEN m.resolved_at IS NULL THEN 0 ELSE m.assistant_ms + m.waiting_ms + m.agent_ms + m.snoozed_ms END))::bigint AS resolution_ms,
       (counted.one * (CASE WHEN m.resolved_at IS NULL THEN 0 ELSE m.assistant_open_ms + m.waiting_open_ms + m.agent_open_ms + m.snoozed_open_ms END))::bigint AS resolution_open_ms,
       (counted.one * ((m.rating_score IS NOT NULL)::int))::bigint AS ratings,
       (counted.one * (coalesce(m.rating_score, 0)))::bigint AS rating_sum,
       m.messages_customer::bigint AS messages_customer,
       m.messages_assistant::bigint AS messages_assistant,
       m.messages_agent::bigint AS messages_agent,
       m.messages_phone::bigint AS messages_phone,
       m.messages_system::bigint AS messages_system,
       m.messages_failed::bigint AS messages_failed,
       m.turns::bigint AS turns,
       m.turn_failures::bigint AS turn_failures,
       m.tool_calls::bigint AS tool_calls,
       m.tokens AS tokens,
       m.cost_micros AS cost_micros,
       (m.turns > 0)::int::bigint AS with_turns,
       (counted.one * ((m.solved_by_assistant AND m.turns > 0)::int))::bigint AS solved_with_turns,
       (counted.one * ((m.solved_by_assistant AND m.resolution = 'assistant')::int))::bigint AS confirmed_by_words,
       (counted.one * ((m.solved_by_assistant AND coalesce(m.returned_at < m.resolved_at + interval '24 h', false))::int))::bigint AS returned_24h,
       (counted.one * ((m.solved_by_assistant AND coalesce(m.returned_at < m.resolved_at + interval '72 h', false))::int))::bigint AS returned_72h
  FROM analytics.conversation_measures m
 CROSS JOIN LATERAL (SELECT (m.resolution IS DISTINCT FROM 'merged')::int AS one) AS counted
 CROSS JOIN LATERAL (
       SELECT 'none' AS dimension, '' AS key
       UNION ALL SELECT 'team' AS dimension, coalesce(m.team, '') AS key
       UNION ALL SELECT 'agent' AS dimension, coalesce(m.agent, '') AS key
       UNION ALL SELECT 'channel' AS dimension, m.channel_id::text AS key
       UNION ALL SELECT 'label' AS dimension, labels.label AS key
                   FROM unnest(m.labels) AS labels (label)
       UNION ALL SELECT DISTINCT 'handoff_reason' AS dimension, reasons.reason AS key
                   FROM unnest(m.handoff_reasons) AS reasons (reason)
       UNION ALL SELECT 'contact_reason' AS dimension, reasons.reason AS key
                   FROM unnest(CASE WHEN m.contact_reasons = '{}' THEN ARRAY['']
                                    ELSE m.contact_reasons END) AS reasons (reason)
       UNION ALL SELECT 'served_by' AS dimension,
                        CASE WHEN m.people_held THEN 'people' ELSE 'assistant' END AS key
       ) AS dimensions;

CREATE OR REPLACE VIEW analytics.durations WITH (security_invoker = true) AS
SELECT m.tenant_id, m.generation, m.conversation_id, m.opened_at, m.opened_week,
       dimensions.dimension, dimensions.key, measured.name, measured.ms
  FROM analytics.conversation_measures m
 CROSS JOIN LATERAL (VALUES
       ('first_answer', m.first_answer_ms), ('first_answer_open', m.first_answer_open_ms),
       ('first_human', m.first_human_ms), ('first_human_open', m.first_human_open_ms),
       ('resolution', CASE WHEN m.resolved_at IS NOT NULL THEN
           m.assistant_ms + m.waiting_ms + m.agent_ms + m.snoozed_ms END),
       ('resolution_open', CASE WHEN m.resolved_at IS NOT NULL THEN
           m.assistant_open_ms + m.waiting_open_ms + m.agent_open_ms + m.snoozed_open_ms END)
       ) AS measured (name, ms)
 CROSS JOIN LATERAL (
       SELECT 'none' AS dimension, '' AS key
       UNION ALL SELECT 'team' AS dimension, coalesce(m.team, '') AS key
       UNION ALL SELECT 'agent' AS dimension, coalesce(m.agent, '') AS key
       UNION ALL SELECT 'channel' AS dimension, m.channel_id::text AS key
       UNION ALL SELECT 'label' AS dimension, labels.label AS key
                   FROM unnest(m.labels) AS labels (label)
       UNION ALL SELECT DISTINCT 'handoff_reason' AS dimension, reasons.reason AS key
                   FROM unnest(m.handoff_reasons) AS reasons (reason)
       UNION ALL SELECT 'contact_reason' AS dimension, reasons.reason AS key
                   FROM unnest(CASE WHEN m.contact_reasons = '{}' THEN ARRAY['']
                                    ELSE m.contact_reasons END) AS reasons (reason)
       UNION ALL SELECT 'served_by' AS dimension,
                        CASE WHEN m.people_held THEN 'people' ELSE 'assistant' END AS key
       ) AS dimensions
 WHERE measured.ms IS NOT NULL AND m.resolution IS DISTINCT FROM 'merged';

-- What became of messages that the product sent. Times are those of the events.
CREATE TABLE analytics.deliveries (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    generation      integer NOT NULL,
    message_id      uuid NOT NULL,
    conversation_id uuid NOT NULL,
    channel_id      uuid NOT NULL,
    author          text NOT NULL,
    queued_at       timestamptz NOT NULL,
    queued_hour     timestamptz NOT NULL,  -- the start of the local hour
    queued_day      timestamptz NOT NULL,  -- the local midnight
    sent_at         timestamptz,
    delivered_at    timestamptz,
    read_at         timestamptz,
    failed_at       timestamptz,
    code            text NOT NULL DEFAULT '',  -- why it failed
    PRIMARY KEY (tenant_id, generation, message_id)
);
CREATE INDEX deliveries_queued ON analytics.deliveries (tenant_id, generation, queued_at);

-- What a message contributes to the sums.
CREATE VIEW analytics.delivery_contributions WITH (security_invoker = true) AS
SELECT d.tenant_id, d.generation, d.message_id, d.conversation_id, d.channel_id, d.author,
       CASE WHEN d.failed_at IS NULL THEN '' ELSE coalesce(nullif(d.code, ''), 'unknown') END
           AS failure,
       d.queued_at, d.queued_hour, d.queued_day, 1::bigint AS queued,
       (d.sent_at IS NOT NULL)::int::bigint AS sent,
       (d.delivered_at IS NOT NULL)::int::bigint AS delivered,
       (d.read_at IS NOT NULL)::int::bigint AS read,
       (d.failed_at IS NOT NULL)::int::bigint AS failed,
       coalesce(extract(epoch FROM d.sent_at - d.queued_at) * 1000, 0)::bigint AS send_ms,
       coalesce(extract(epoch FROM d.delivered_at - d.queued_at) * 1000, 0)::bigint AS delivery_ms
  FROM analytics.deliveries d;

-- The sums by the local hour and day in which messages were queued.
CREATE TABLE analytics.delivery_rollups (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    generation  integer NOT NULL,
    grain       text NOT NULL CHECK (grain IN ('hour', 'day')),
    bucket      timestamptz NOT NULL,
    channel_id  uuid NOT NULL,
    author      text NOT NULL,
    failure     text NOT NULL,  -- '' unless the message failed
    queued      bigint NOT NULL,
    sent        bigint NOT NULL,
    delivered   bigint NOT NULL,
    read        bigint NOT NULL,
    failed      bigint NOT NULL,
    send_ms     bigint NOT NULL,
    delivery_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, generation, grain, bucket, channel_id, author, failure)
);

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['analytics.deliveries', 'analytics.delivery_rollups']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %s TO niochat_app
            USING (tenant_id = (SELECT current_tenant()))
            WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO niochat_app', name);
    END LOOP;
END $rights$;
GRANT SELECT ON analytics.delivery_contributions TO niochat_app;

-- Messages of a report that were queued in a period, of one channel or all. `filters` has a team, an
-- agent and a label, and what the caller may see, as report_rows takes them; they are about the
-- conversation (`measures`: the generation of its row). Without any, all messages count.
CREATE FUNCTION delivery_rows(
    tenant uuid, serving integer, since timestamptz, until timestamptz, channel uuid, filters jsonb,
    measures integer
) RETURNS SETOF analytics.delivery_contributions
    LANGUAGE sql STABLE AS $$
    SELECT d.*
      FROM (SELECT filters ->> 'team' AS team, filters ->> 'agent' AS agent,
                   filters ->> 'label' AS label, filters ->> 'scope' AS scope,
                   filters ->> 'user' AS user_id, filters -> 'teams' AS teams OFFSET 0) AS f
     CROSS JOIN analytics.delivery_contributions d
     WHERE d.tenant_id = tenant AND d.generation = serving
       AND d.queued_at >= since AND d.queued_at < until
       AND (channel IS NULL OR d.channel_id = channel)
       AND (f.scope = 'all' AND coalesce(f.team, f.agent, f.label) IS NULL OR EXISTS (
            SELECT FROM analytics.conversation_measures m
             WHERE m.tenant_id = tenant AND m.generation = measures
               AND m.conversation_id = d.conversation_id
               AND (f.team IS NULL OR coalesce(m.team, 'none') = f.team)
               AND (f.agent IS NULL OR coalesce(m.agent, 'none') = f.agent)
               AND (f.label IS NULL OR f.label = ANY (m.labels))
               AND (f.scope = 'all' OR m.agent = f.user_id
                    OR f.scope = 'team' AND (f.teams ? m.team OR m.team IS NULL AND m.agent IS NULL))))
$$;

-- The conversations with messages of a report (`measure`: a column of them that is positive), of
-- those that the viewer may see in lists (`scope`: own, team or all).
CREATE OR REPLACE FUNCTION conversations_behind_deliveries(
    tenant uuid, serving integer, since timestamptz, until timestamptz, grouped_by text, zone text,
    channel uuid, filters jsonb, measures integer, measure text, row_key text, scope text,
    viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT v.id, v.opened_at
      FROM delivery_rows($1, $2, $3, $4, $7, $8, $9) AS d
      JOIN conversations v ON v.tenant_id = $1 AND v.id = d.conversation_id
     WHERE CASE $10 WHEN 'queued' THEN d.queued WHEN 'sent' THEN d.sent
                    WHEN 'delivered' THEN d.delivered WHEN 'read' THEN d.read
                    ELSE d.failed END > 0
       AND ($11 IS NULL OR CASE $5
            WHEN 'channel' THEN d.channel_id::text WHEN 'message_author' THEN d.author
            WHEN 'delivery_failure' THEN d.failure
            ELSE report_key($5, CASE $5 WHEN 'day' THEN d.queued_day ELSE d.queued_hour END, $6, '')
            END = $11)
       AND ($12 = 'all' OR v.agent = $13 OR $12 = 'team' AND
            (v.team = ANY ($14) OR v.team IS NULL AND v.agent IS NULL))
$$;
