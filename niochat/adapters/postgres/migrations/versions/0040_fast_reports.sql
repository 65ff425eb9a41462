SET lock_timeout = '5s';

-- The code that wrote a generation. A live one of older code serves until the projector has built
-- another beside it.
ALTER TABLE analytics.positions ADD revision integer NOT NULL DEFAULT 1;

-- Rows of older generations have the defaults, and are replaced. Older code, which knows none of the
-- columns, cannot write rows any more, so that it does not write wrong ones.
ALTER TABLE analytics.conversation_measures
    ADD opened_week   timestamptz NOT NULL DEFAULT '-infinity',  -- the start of the local Monday
    ADD turns         integer NOT NULL DEFAULT 0,
    ADD turn_failures integer NOT NULL DEFAULT 0,
    ADD tool_calls    integer NOT NULL DEFAULT 0,
    ADD tokens        bigint NOT NULL DEFAULT 0,
    ADD cost_micros   bigint NOT NULL DEFAULT 0,  -- millionths of the currency of prices
    -- When the customer's next conversation was opened, if the assistant solved this one.
    ADD returned_at   timestamptz;
-- Solved conversations that have not lasted long enough yet to count as such.
CREATE INDEX conversation_measures_solved
    ON analytics.conversation_measures (tenant_id, generation, resolved_at)
 WHERE solved_by_assistant AND returned_at IS NULL;

-- Writes of the assistant that confirm what it solved.
CREATE INDEX erp_writes_done ON erp_writes (tenant_id, journaled_at) INCLUDE (turn_id)
 WHERE status = 'done' AND requested_by IS NULL;

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
       ) AS dimensions;

ALTER TABLE analytics.rollups
    ADD turns bigint NOT NULL DEFAULT 0,
    ADD turn_failures bigint NOT NULL DEFAULT 0,
    ADD tool_calls bigint NOT NULL DEFAULT 0,
    ADD tokens bigint NOT NULL DEFAULT 0,
    ADD cost_micros bigint NOT NULL DEFAULT 0,
    ADD with_turns bigint NOT NULL DEFAULT 0,
    ADD solved_with_turns bigint NOT NULL DEFAULT 0,
    ADD confirmed_by_words bigint NOT NULL DEFAULT 0,
    ADD returned_24h bigint NOT NULL DEFAULT 0,
    ADD returned_72h bigint NOT NULL DEFAULT 0;

-- Conversations of a report with what they contribute to one dimension. `filters` has a team, an
-- agent (`none`: without one), a channel and a label, and what the caller may see: `scope` (own,
-- team or all), `user` and `teams`. They are taken out of the JSON once, not for each row (OFFSET
-- keeps it so).
CREATE OR REPLACE FUNCTION report_rows(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb
) RETURNS SETOF analytics.contributions
    LANGUAGE sql STABLE AS $$
    SELECT c.*
      FROM (SELECT filters ->> 'team' AS team, filters ->> 'agent' AS agent,
                   (filters ->> 'channel')::uuid AS channel, filters ->> 'label' AS label,
                   filters ->> 'scope' AS scope, filters ->> 'user' AS user_id,
                   filters -> 'teams' AS teams OFFSET 0) AS f
     CROSS JOIN analytics.contributions c
     WHERE c.tenant_id = tenant AND c.generation = serving AND c.dimension = chosen
       AND c.opened_at >= since AND c.opened_at < until
       AND (f.team IS NULL OR coalesce(c.team, 'none') = f.team)
       AND (f.agent IS NULL OR coalesce(c.agent, 'none') = f.agent)
       AND (f.channel IS NULL OR c.channel_id = f.channel)
       AND (f.label IS NULL OR f.label = ANY (c.labels))
       AND (f.scope = 'all' OR c.agent = f.user_id
            OR f.scope = 'team' AND (f.teams ? c.team OR c.team IS NULL AND c.agent IS NULL))
$$;

-- Answers of people by who answered, and by the local hour and day in which the conversation was
-- opened. Merged conversations are left out.
CREATE TABLE analytics.answer_rollups (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    generation     integer NOT NULL,
    grain          text NOT NULL CHECK (grain IN ('hour', 'day')),
    bucket         timestamptz NOT NULL,
    agent          text NOT NULL,
    answers        bigint NOT NULL,
    answer_ms      bigint NOT NULL,
    answer_open_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, generation, grain, bucket, agent)
);

-- The bin of a duration: 0 has its own, every other one ends 2% above its start.
CREATE FUNCTION duration_bin(ms bigint) RETURNS smallint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN ms <= 0 THEN 0 ELSE 1 + floor(ln(ms::float8) / ln(1.02::float8)) END::smallint
$$;

-- The durations of which reports show quantiles, of each conversation and dimension.
CREATE VIEW analytics.durations WITH (security_invoker = true) AS
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
       ) AS dimensions
 WHERE measured.ms IS NOT NULL AND m.resolution IS DISTINCT FROM 'merged';

-- Histograms of durations by the local week in which conversations were opened.
CREATE TABLE analytics.duration_rollups (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    generation    integer NOT NULL,
    dimension     text NOT NULL,
    name          text NOT NULL,
    bucket        timestamptz NOT NULL,
    key           text NOT NULL,
    bin           smallint NOT NULL,
    conversations bigint NOT NULL,
    PRIMARY KEY (tenant_id, generation, dimension, name, bucket, key, bin)
);

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['analytics.answer_rollups', 'analytics.duration_rollups']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %s TO niochat_app
            USING (tenant_id = (SELECT current_tenant()))
            WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO niochat_app', name);
    END LOOP;
END $rights$;
GRANT SELECT ON analytics.durations TO niochat_app;
