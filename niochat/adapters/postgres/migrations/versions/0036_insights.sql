SET lock_timeout = '5s';

-- Readers of one tenant's log: the projections of insights. Queries that need the order of the events
-- of several tenants keep off it by comparing texts of ids.
CREATE INDEX events_tenant_position ON events (tenant_id, xid, conversation_id, version);

-- Everything here is computed from the log and can be made anew by `niochat rebuild`.
CREATE SCHEMA analytics;
GRANT USAGE ON SCHEMA analytics TO niochat_app, niochat_system;

-- The generation of a projection that reports read.
CREATE TABLE analytics.projections (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    PRIMARY KEY (tenant_id, name)
);

-- How far each generation has read. A projection that meets an event which it cannot read stops
-- before it, and says so here.
CREATE TABLE analytics.positions (
    tenant_id           uuid NOT NULL,
    name                text NOT NULL,
    generation          integer NOT NULL,
    xid                 xid8 NOT NULL DEFAULT '0',
    conversation_id     uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    version             bigint NOT NULL DEFAULT 0,
    events              bigint NOT NULL DEFAULT 0,
    read_at             timestamptz NOT NULL DEFAULT now(),
    failed_conversation uuid,
    failed_version      bigint,
    failed_since        timestamptz,
    failed_reason       text,
    retry_at            timestamptz,
    PRIMARY KEY (tenant_id, name, generation),
    FOREIGN KEY (tenant_id, name) REFERENCES analytics.projections (tenant_id, name)
);

-- The measures of conversations. `state` is what the fold goes on with; the columns follow from it.
-- Durations are milliseconds; `_open_` is their part within business hours.
CREATE TABLE analytics.conversation_measures (
    tenant_id           uuid NOT NULL REFERENCES tenants,
    generation          integer NOT NULL,
    conversation_id     uuid NOT NULL,
    thread_id           uuid NOT NULL,
    channel_id          uuid NOT NULL,
    version             bigint NOT NULL,
    state               jsonb NOT NULL,
    opened_at           timestamptz NOT NULL,
    opened_hour         timestamptz NOT NULL,   -- the start of the local hour
    opened_day          timestamptz NOT NULL,   -- the start of the local day
    opened_in_hours     boolean NOT NULL,
    resolved_at         timestamptz,
    resolution          text,
    resolved_by         text,
    solved_by_assistant boolean NOT NULL,
    people_held         boolean NOT NULL,
    after_hours         boolean NOT NULL,
    team                text,
    agent               text,
    labels              text[] NOT NULL,
    priority            smallint NOT NULL,
    handoff_reasons     text[] NOT NULL,
    reopened            integer NOT NULL,
    transfers           integer NOT NULL,
    offline_returns     integer NOT NULL,
    assistant_ms        bigint NOT NULL,
    assistant_open_ms   bigint NOT NULL,
    waiting_ms          bigint NOT NULL,
    waiting_open_ms     bigint NOT NULL,
    agent_ms            bigint NOT NULL,
    agent_open_ms       bigint NOT NULL,
    snoozed_ms          bigint NOT NULL,
    snoozed_open_ms     bigint NOT NULL,
    first_answer_ms      bigint,
    first_answer_open_ms bigint,
    first_human_ms      bigint,
    first_human_open_ms bigint,
    first_human_by      text,
    next_answers        integer NOT NULL,
    next_answer_ms      bigint NOT NULL,
    next_answer_open_ms bigint NOT NULL,
    next_max_ms         bigint NOT NULL,
    next_max_open_ms    bigint NOT NULL,
    messages_customer   integer NOT NULL,
    messages_assistant  integer NOT NULL,
    messages_agent      integer NOT NULL,
    messages_phone      integer NOT NULL,
    messages_system     integer NOT NULL,
    messages_failed     integer NOT NULL,
    rating_score        smallint,
    rating_at           timestamptz,
    PRIMARY KEY (tenant_id, generation, conversation_id)
);
CREATE INDEX conversation_measures_opened
    ON analytics.conversation_measures (tenant_id, generation, opened_at, conversation_id);
CREATE INDEX conversation_measures_thread
    ON analytics.conversation_measures (tenant_id, generation, thread_id, opened_at);

-- Answers of people to waiting customers.
CREATE TABLE analytics.human_answers (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    generation      integer NOT NULL,
    conversation_id uuid NOT NULL,
    version         bigint NOT NULL,
    at              timestamptz NOT NULL,
    agent           text NOT NULL,
    first           boolean NOT NULL,
    wait_ms         bigint NOT NULL,
    wait_open_ms    bigint NOT NULL,
    PRIMARY KEY (tenant_id, generation, conversation_id, version)
);
CREATE INDEX human_answers_at ON analytics.human_answers (tenant_id, generation, at);

-- The assistant's finished turns.
CREATE TABLE analytics.assistant_turns (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    generation      integer NOT NULL,
    conversation_id uuid NOT NULL,
    turn_id         uuid NOT NULL,
    at              timestamptz NOT NULL,
    outcome         text NOT NULL,
    code            text NOT NULL,
    model           text NOT NULL,
    tools           text[] NOT NULL,
    model_calls     integer NOT NULL,
    tokens_in       integer NOT NULL,
    tokens_out      integer NOT NULL,
    tokens_cached   integer NOT NULL,
    cost            numeric(14, 6) NOT NULL,
    PRIMARY KEY (tenant_id, generation, turn_id)
);
CREATE INDEX assistant_turns_at ON analytics.assistant_turns (tenant_id, generation, at);
CREATE INDEX assistant_turns_conversation
    ON analytics.assistant_turns (tenant_id, generation, conversation_id);

-- What each conversation adds to the sums of each dimension. A merged conversation goes on in
-- another one, so that only its messages count.
CREATE VIEW analytics.contributions WITH (security_invoker = true) AS
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
       m.messages_failed::bigint AS messages_failed
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

-- What became of conversations that the assistant solved: whether the customer's own words or a write
-- to the ERP confirm it, and when the customer came back. A view, because this changes as time passes.
CREATE VIEW analytics.assistant_outcomes WITH (security_invoker = true) AS
SELECT m.tenant_id, m.generation, m.conversation_id, m.resolved_at,
       m.resolution = 'assistant' OR EXISTS (
           SELECT FROM turns t
             JOIN erp_writes w ON w.tenant_id = t.tenant_id AND w.turn_id = t.id
            WHERE t.tenant_id = m.tenant_id AND t.conversation_id = m.conversation_id
              AND w.status = 'done') AS confirmed,
       (SELECT n.opened_at FROM analytics.conversation_measures n
         WHERE n.tenant_id = m.tenant_id AND n.generation = m.generation
           AND n.thread_id = m.thread_id AND n.opened_at > m.opened_at
           AND n.opened_at >= m.resolved_at
         ORDER BY n.opened_at LIMIT 1) AS returned_at
  FROM analytics.conversation_measures m
 WHERE m.solved_by_assistant;

-- Sums of contributions by the local hour and day in which conversations were opened.
CREATE TABLE analytics.rollups (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    generation integer NOT NULL,
    grain      text NOT NULL CHECK (grain IN ('hour', 'day')),
    dimension  text NOT NULL,
    bucket     timestamptz NOT NULL,
    key        text NOT NULL,
    conversations bigint NOT NULL,
    outside_hours bigint NOT NULL,
    resolved bigint NOT NULL,
    resolved_agent bigint NOT NULL,
    resolved_assistant bigint NOT NULL,
    resolved_inactivity bigint NOT NULL,
    solved_by_assistant bigint NOT NULL,
    with_people bigint NOT NULL,
    handoffs bigint NOT NULL,
    reopened bigint NOT NULL,
    transfers bigint NOT NULL,
    offline_returns bigint NOT NULL,
    after_hours bigint NOT NULL,
    first_answers bigint NOT NULL,
    first_answer_ms bigint NOT NULL,
    first_answer_open_ms bigint NOT NULL,
    first_human_answers bigint NOT NULL,
    first_human_ms bigint NOT NULL,
    first_human_open_ms bigint NOT NULL,
    next_answers bigint NOT NULL,
    next_answer_ms bigint NOT NULL,
    next_answer_open_ms bigint NOT NULL,
    assistant_ms bigint NOT NULL,
    assistant_open_ms bigint NOT NULL,
    waiting_ms bigint NOT NULL,
    waiting_open_ms bigint NOT NULL,
    agent_ms bigint NOT NULL,
    agent_open_ms bigint NOT NULL,
    snoozed_ms bigint NOT NULL,
    snoozed_open_ms bigint NOT NULL,
    resolution_ms bigint NOT NULL,
    resolution_open_ms bigint NOT NULL,
    ratings bigint NOT NULL,
    rating_sum bigint NOT NULL,
    messages_customer bigint NOT NULL,
    messages_assistant bigint NOT NULL,
    messages_agent bigint NOT NULL,
    messages_phone bigint NOT NULL,
    messages_system bigint NOT NULL,
    messages_failed bigint NOT NULL,
    PRIMARY KEY (tenant_id, generation, grain, dimension, bucket, key)
);

-- Conversations of a report with what they contribute to one dimension. `filters` has a team, an
-- agent (`none`: without one), a channel and a label, and what the caller may see: `scope` (own,
-- team or all), `user` and `teams`.
CREATE FUNCTION report_rows(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb
) RETURNS SETOF analytics.contributions
    LANGUAGE sql STABLE AS $$
    SELECT c.* FROM analytics.contributions c
     WHERE c.tenant_id = tenant AND c.generation = serving AND c.dimension = chosen
       AND c.opened_at >= since AND c.opened_at < until
       AND (filters ->> 'team' IS NULL OR coalesce(c.team, 'none') = filters ->> 'team')
       AND (filters ->> 'agent' IS NULL OR coalesce(c.agent, 'none') = filters ->> 'agent')
       AND (filters ->> 'channel' IS NULL OR c.channel_id = (filters ->> 'channel')::uuid)
       AND (filters ->> 'label' IS NULL OR filters ->> 'label' = ANY (c.labels))
       AND (filters ->> 'scope' = 'all' OR c.agent = filters ->> 'user'
            OR filters ->> 'scope' = 'team'
               AND (filters -> 'teams' ? c.team OR c.team IS NULL AND c.agent IS NULL))
$$;

-- The key of a row of a report: a local day, an hour (Unix time), a weekday (Monday is 1) with an
-- hour, or the value of the dimension.
CREATE FUNCTION report_key(grouped_by text, hour timestamptz, zone text, key text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE grouped_by
           WHEN 'none' THEN ''
           WHEN 'hour' THEN extract(epoch FROM hour)::bigint::text
           WHEN 'day' THEN to_char(hour AT TIME ZONE zone, 'YYYY-MM-DD')
           WHEN 'weekday_hour' THEN to_char(hour AT TIME ZONE zone, 'ID-HH24')
           ELSE key END
$$;

-- When the session of a channel changed. The row of a channel has the latest change only.
CREATE TABLE channel_status_changes (
    tenant_id  uuid NOT NULL,
    channel_id uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    status     text NOT NULL,
    PRIMARY KEY (tenant_id, channel_id, at),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE CASCADE
);
CREATE FUNCTION record_channel_status() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.channel_status_changes (tenant_id, channel_id, status)
    VALUES (NEW.tenant_id, NEW.id, NEW.status) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER channel_opened AFTER INSERT ON channels
    FOR EACH ROW EXECUTE FUNCTION record_channel_status();
CREATE TRIGGER channel_status_changed AFTER UPDATE OF status ON channels
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION record_channel_status();

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['analytics.projections', 'analytics.positions',
        'analytics.conversation_measures', 'analytics.human_answers', 'analytics.assistant_turns',
        'analytics.rollups', 'channel_status_changes']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %s TO niochat_app
            USING (tenant_id = (SELECT current_tenant()))
            WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
    END LOOP;
END $rights$;
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.projections, analytics.positions,
    analytics.conversation_measures, analytics.human_answers, analytics.assistant_turns,
    analytics.rollups TO niochat_app;
GRANT SELECT ON analytics.contributions, analytics.assistant_outcomes TO niochat_app;
GRANT SELECT, INSERT ON channel_status_changes TO niochat_app, niochat_system;
-- Who is behind or has stopped is asked for all tenants at once.
CREATE POLICY path ON analytics.projections FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON analytics.positions FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON channel_status_changes TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT ON analytics.projections, analytics.positions TO niochat_system;

-- The owner sees no rows.
SET LOCAL ROLE niochat_system;
INSERT INTO channel_status_changes SELECT tenant_id, id, status_at, status FROM channels;
RESET ROLE;
