-- The schema that the migrations lead to, as scripts/schema.py writes it. Do not edit it: write a
-- migration, then run the script. psql builds an empty database from it, run as the owner.

SET check_function_bodies = false;

CREATE SCHEMA analytics;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';

\ir functions/add_audit_months.sql

\ir functions/address_of.sql

\ir functions/addresses_of.sql

\ir functions/assign_waiting.sql

\ir functions/begin_audit_move.sql

\ir functions/cancel_audit_move.sql

\ir functions/commit_step.sql

\ir functions/conversations_behind.sql

\ir functions/conversations_behind_deliveries.sql

\ir functions/conversations_behind_promises.sql

\ir functions/copy_audit_rows.sql

\ir functions/count_audit_difference.sql

\ir functions/current_tenant.sql

CREATE TABLE analytics.deliveries (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    author text NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    queued_hour timestamp with time zone NOT NULL,
    queued_day timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    failed_at timestamp with time zone,
    code text DEFAULT ''::text NOT NULL
);

ALTER TABLE ONLY analytics.deliveries FORCE ROW LEVEL SECURITY;

CREATE VIEW analytics.delivery_contributions WITH (security_invoker='true') AS
 SELECT tenant_id,
    generation,
    message_id,
    conversation_id,
    channel_id,
    author,
        CASE
            WHEN (failed_at IS NULL) THEN ''::text
            ELSE COALESCE(NULLIF(code, ''::text), 'unknown'::text)
        END AS failure,
    queued_at,
    queued_hour,
    queued_day,
    (1)::bigint AS queued,
    (((sent_at IS NOT NULL))::integer)::bigint AS sent,
    (((delivered_at IS NOT NULL))::integer)::bigint AS delivered,
    (((read_at IS NOT NULL))::integer)::bigint AS read,
    (((failed_at IS NOT NULL))::integer)::bigint AS failed,
    (COALESCE((EXTRACT(epoch FROM (sent_at - queued_at)) * (1000)::numeric), (0)::numeric))::bigint AS send_ms,
    (COALESCE((EXTRACT(epoch FROM (delivered_at - queued_at)) * (1000)::numeric), (0)::numeric))::bigint AS delivery_ms
   FROM analytics.deliveries d;

\ir functions/delivery_rows.sql

\ir functions/drop_audit_months.sql

\ir functions/duration_bin.sql

\ir functions/fence_step.sql

\ir functions/finish_audit_move.sql

\ir functions/joined.sql

\ir functions/folded.sql

\ir functions/gather_block.sql

\ir functions/log_base.sql

\ir functions/log_horizon.sql

\ir functions/log_position.sql

\ir functions/mirror_audit_row.sql

\ir functions/mirror_digest.sql

\ir functions/mirrored_audit.sql

\ir functions/note_mirror_change.sql

\ir functions/record_channel_status.sql

\ir functions/report_key.sql

CREATE TABLE analytics.conversation_measures (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    conversation_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    version bigint NOT NULL,
    state jsonb NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_hour timestamp with time zone NOT NULL,
    opened_day timestamp with time zone NOT NULL,
    opened_in_hours boolean NOT NULL,
    resolved_at timestamp with time zone,
    resolution text,
    resolved_by text,
    solved_by_assistant boolean NOT NULL,
    people_held boolean NOT NULL,
    after_hours boolean NOT NULL,
    team text,
    agent text,
    labels text[] NOT NULL,
    priority smallint NOT NULL,
    handoff_reasons text[] NOT NULL,
    reopened integer NOT NULL,
    transfers integer NOT NULL,
    offline_returns integer NOT NULL,
    assistant_ms bigint NOT NULL,
    assistant_open_ms bigint NOT NULL,
    waiting_ms bigint NOT NULL,
    waiting_open_ms bigint NOT NULL,
    agent_ms bigint NOT NULL,
    agent_open_ms bigint NOT NULL,
    snoozed_ms bigint NOT NULL,
    snoozed_open_ms bigint NOT NULL,
    first_answer_ms bigint,
    first_answer_open_ms bigint,
    first_human_ms bigint,
    first_human_open_ms bigint,
    first_human_by text,
    next_answers integer NOT NULL,
    next_answer_ms bigint NOT NULL,
    next_answer_open_ms bigint NOT NULL,
    next_max_ms bigint NOT NULL,
    next_max_open_ms bigint NOT NULL,
    messages_customer integer NOT NULL,
    messages_assistant integer NOT NULL,
    messages_agent integer NOT NULL,
    messages_phone integer NOT NULL,
    messages_system integer NOT NULL,
    messages_failed integer NOT NULL,
    rating_score smallint,
    rating_at timestamp with time zone,
    opened_week timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    turns integer DEFAULT 0 NOT NULL,
    turn_failures integer DEFAULT 0 NOT NULL,
    tool_calls integer DEFAULT 0 NOT NULL,
    tokens bigint DEFAULT 0 NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    returned_at timestamp with time zone,
    contact_reasons text[] DEFAULT '{}'::text[] NOT NULL
);

ALTER TABLE ONLY analytics.conversation_measures FORCE ROW LEVEL SECURITY;

CREATE VIEW analytics.contributions WITH (security_invoker='true') AS
 SELECT m.tenant_id,
    m.generation,
    m.conversation_id,
    m.opened_at,
    m.opened_hour,
    m.opened_day,
    m.team,
    m.agent,
    m.channel_id,
    m.labels,
    dimensions.dimension,
    dimensions.key,
    (counted.one)::bigint AS conversations,
    ((counted.one * ((NOT m.opened_in_hours))::integer))::bigint AS outside_hours,
    ((counted.one * ((m.resolved_at IS NOT NULL))::integer))::bigint AS resolved,
    ((counted.one * ((NOT (m.resolution IS DISTINCT FROM 'agent'::text)))::integer))::bigint AS resolved_agent,
    ((counted.one * ((NOT (m.resolution IS DISTINCT FROM 'assistant'::text)))::integer))::bigint AS resolved_assistant,
    ((counted.one * ((NOT (m.resolution IS DISTINCT FROM 'inactivity'::text)))::integer))::bigint AS resolved_inactivity,
    ((counted.one * (m.solved_by_assistant)::integer))::bigint AS solved_by_assistant,
    ((counted.one * (m.people_held)::integer))::bigint AS with_people,
    ((counted.one * cardinality(m.handoff_reasons)))::bigint AS handoffs,
    ((counted.one * m.reopened))::bigint AS reopened,
    ((counted.one * m.transfers))::bigint AS transfers,
    ((counted.one * m.offline_returns))::bigint AS offline_returns,
    ((counted.one * (m.after_hours)::integer))::bigint AS after_hours,
    ((counted.one * ((m.first_answer_ms IS NOT NULL))::integer))::bigint AS first_answers,
    (counted.one * COALESCE(m.first_answer_ms, (0)::bigint)) AS first_answer_ms,
    (counted.one * COALESCE(m.first_answer_open_ms, (0)::bigint)) AS first_answer_open_ms,
    ((counted.one * ((m.first_human_ms IS NOT NULL))::integer))::bigint AS first_human_answers,
    (counted.one * COALESCE(m.first_human_ms, (0)::bigint)) AS first_human_ms,
    (counted.one * COALESCE(m.first_human_open_ms, (0)::bigint)) AS first_human_open_ms,
    ((counted.one * m.next_answers))::bigint AS next_answers,
    (counted.one * m.next_answer_ms) AS next_answer_ms,
    (counted.one * m.next_answer_open_ms) AS next_answer_open_ms,
    (counted.one * m.assistant_ms) AS assistant_ms,
    (counted.one * m.assistant_open_ms) AS assistant_open_ms,
    (counted.one * m.waiting_ms) AS waiting_ms,
    (counted.one * m.waiting_open_ms) AS waiting_open_ms,
    (counted.one * m.agent_ms) AS agent_ms,
    (counted.one * m.agent_open_ms) AS agent_open_ms,
    (counted.one * m.snoozed_ms) AS snoozed_ms,
    (counted.one * m.snoozed_open_ms) AS snoozed_open_ms,
    (counted.one *
        CASE
            WHEN (m.resolved_at IS NULL) THEN (0)::bigint
            ELSE (((m.assistant_ms + m.waiting_ms) + m.agent_ms) + m.snoozed_ms)
        END) AS resolution_ms,
    (counted.one *
        CASE
            WHEN (m.resolved_at IS NULL) THEN (0)::bigint
            ELSE (((m.assistant_open_ms + m.waiting_open_ms) + m.agent_open_ms) + m.snoozed_open_ms)
        END) AS resolution_open_ms,
    ((counted.one * ((m.rating_score IS NOT NULL))::integer))::bigint AS ratings,
    ((counted.one * COALESCE((m.rating_score)::integer, 0)))::bigint AS rating_sum,
    (m.messages_customer)::bigint AS messages_customer,
    (m.messages_assistant)::bigint AS messages_assistant,
    (m.messages_agent)::bigint AS messages_agent,
    (m.messages_phone)::bigint AS messages_phone,
    (m.messages_system)::bigint AS messages_system,
    (m.messages_failed)::bigint AS messages_failed,
    (m.turns)::bigint AS turns,
    (m.turn_failures)::bigint AS turn_failures,
    (m.tool_calls)::bigint AS tool_calls,
    m.tokens,
    m.cost_micros,
    (((m.turns > 0))::integer)::bigint AS with_turns,
    ((counted.one * ((m.solved_by_assistant AND (m.turns > 0)))::integer))::bigint AS solved_with_turns,
    ((counted.one * ((m.solved_by_assistant AND (m.resolution = 'assistant'::text)))::integer))::bigint AS confirmed_by_words,
    ((counted.one * ((m.solved_by_assistant AND COALESCE((m.returned_at < (m.resolved_at + '24:00:00'::interval)), false)))::integer))::bigint AS returned_24h,
    ((counted.one * ((m.solved_by_assistant AND COALESCE((m.returned_at < (m.resolved_at + '72:00:00'::interval)), false)))::integer))::bigint AS returned_72h
   FROM ((analytics.conversation_measures m
     CROSS JOIN LATERAL ( SELECT ((m.resolution IS DISTINCT FROM 'merged'::text))::integer AS one) counted)
     CROSS JOIN LATERAL ( SELECT 'none'::text AS dimension,
            ''::text AS key
        UNION ALL
         SELECT 'team'::text AS dimension,
            COALESCE(m.team, ''::text) AS key
        UNION ALL
         SELECT 'agent'::text AS dimension,
            COALESCE(m.agent, ''::text) AS key
        UNION ALL
         SELECT 'channel'::text AS dimension,
            (m.channel_id)::text AS key
        UNION ALL
         SELECT 'label'::text AS dimension,
            labels.label AS key
           FROM unnest(m.labels) labels(label)
        UNION ALL
         SELECT DISTINCT 'handoff_reason'::text AS dimension,
            reasons.reason AS key
           FROM unnest(m.handoff_reasons) reasons(reason)
        UNION ALL
         SELECT 'contact_reason'::text AS dimension,
            reasons.reason AS key
           FROM unnest(
                CASE
                    WHEN (m.contact_reasons = '{}'::text[]) THEN ARRAY[''::text]
                    ELSE m.contact_reasons
                END) reasons(reason)
        UNION ALL
         SELECT 'served_by'::text AS dimension,
                CASE
                    WHEN m.people_held THEN 'people'::text
                    ELSE 'assistant'::text
                END AS key) dimensions);

\ir functions/report_rows.sql

\ir functions/search_messages.sql

CREATE TEXT SEARCH DICTIONARY public.folded_portuguese (
    TEMPLATE = pg_catalog.snowball,
    language = 'portuguese', stopwords = 'portuguese' );

CREATE TEXT SEARCH CONFIGURATION public.folded_portuguese (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR asciiword WITH public.folded_portuguese;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR word WITH public.folded_portuguese;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR numword WITH public.folded_portuguese;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR hword_part WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR hword_asciipart WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR asciihword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR hword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.folded_portuguese
    ADD MAPPING FOR uint WITH public.folded_portuguese;

\ir functions/stemmed.sql

\ir functions/searchable.sql

\ir functions/shard_of.sql

COMMENT ON FUNCTION public.shard_of(key uuid) IS 'The key''s low ten bits: 1,024 shards, fixed for ever; domain.ids.shard_of is its twin.';

\ir functions/similar_words.sql

\ir functions/write_files.sql

\ir functions/write_step.sql

CREATE TABLE analytics.answer_rollups (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    grain text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    agent text NOT NULL,
    answers bigint NOT NULL,
    answer_ms bigint NOT NULL,
    answer_open_ms bigint NOT NULL,
    CONSTRAINT answer_rollups_grain_check CHECK ((grain = ANY (ARRAY['hour'::text, 'day'::text])))
);

ALTER TABLE ONLY analytics.answer_rollups FORCE ROW LEVEL SECURITY;

CREATE TABLE public.erp_writes (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    key text NOT NULL,
    turn_id uuid,
    request jsonb NOT NULL,
    status text DEFAULT 'started'::text NOT NULL,
    result jsonb,
    journaled_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    left_at timestamp with time zone,
    order_id uuid,
    conversation_id uuid,
    requested_by text,
    CONSTRAINT erp_writes_origin CHECK ((((turn_id IS NOT NULL) AND (num_nulls(order_id, conversation_id, requested_by) = 3)) OR ((turn_id IS NULL) AND (num_nulls(order_id, conversation_id, requested_by) = 0)))),
    CONSTRAINT erp_writes_status_check CHECK ((status = ANY (ARRAY['started'::text, 'sending'::text, 'done'::text, 'refused'::text])))
);

ALTER TABLE ONLY public.erp_writes FORCE ROW LEVEL SECURITY;

CREATE TABLE public.turns (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    shard smallint NOT NULL,
    attempt integer NOT NULL,
    upto_version bigint NOT NULL,
    status text DEFAULT 'running'::text NOT NULL,
    host text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    prompt_version text DEFAULT ''::text NOT NULL,
    tool_results jsonb DEFAULT '[]'::jsonb NOT NULL,
    tokens_in integer DEFAULT 0 NOT NULL,
    tokens_out integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    cost numeric(14,6) DEFAULT 0 NOT NULL,
    model_calls integer DEFAULT 0 NOT NULL,
    tokens_cached integer DEFAULT 0 NOT NULL,
    CONSTRAINT turns_status_check CHECK ((status = ANY (ARRAY['running'::text, 'answered'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.turns FORCE ROW LEVEL SECURITY;

CREATE VIEW analytics.assistant_outcomes WITH (security_invoker='true') AS
 SELECT tenant_id,
    generation,
    conversation_id,
    resolved_at,
    ((resolution = 'assistant'::text) OR (EXISTS ( SELECT
           FROM (public.turns t
             JOIN public.erp_writes w ON (((w.tenant_id = t.tenant_id) AND (w.turn_id = t.id))))
          WHERE ((t.tenant_id = m.tenant_id) AND (t.conversation_id = m.conversation_id) AND (w.status = 'done'::text))))) AS confirmed,
    ( SELECT n.opened_at
           FROM analytics.conversation_measures n
          WHERE ((n.tenant_id = m.tenant_id) AND (n.generation = m.generation) AND (n.thread_id = m.thread_id) AND (n.opened_at > m.opened_at) AND (n.opened_at >= m.resolved_at))
          ORDER BY n.opened_at
         LIMIT 1) AS returned_at
   FROM analytics.conversation_measures m
  WHERE solved_by_assistant;

CREATE TABLE analytics.assistant_turns (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    conversation_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    code text NOT NULL,
    model text NOT NULL,
    tools text[] NOT NULL,
    model_calls integer NOT NULL,
    tokens_in integer NOT NULL,
    tokens_out integer NOT NULL,
    tokens_cached integer NOT NULL,
    cost numeric(14,6) NOT NULL
);

ALTER TABLE ONLY analytics.assistant_turns FORCE ROW LEVEL SECURITY;

CREATE TABLE analytics.delivery_rollups (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    grain text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    channel_id uuid NOT NULL,
    author text NOT NULL,
    failure text NOT NULL,
    queued bigint NOT NULL,
    sent bigint NOT NULL,
    delivered bigint NOT NULL,
    read bigint NOT NULL,
    failed bigint NOT NULL,
    send_ms bigint NOT NULL,
    delivery_ms bigint NOT NULL,
    CONSTRAINT delivery_rollups_grain_check CHECK ((grain = ANY (ARRAY['hour'::text, 'day'::text])))
);

ALTER TABLE ONLY analytics.delivery_rollups FORCE ROW LEVEL SECURITY;

CREATE TABLE analytics.duration_rollups (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    dimension text NOT NULL,
    name text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    key text NOT NULL,
    bin smallint NOT NULL,
    conversations bigint NOT NULL
);

ALTER TABLE ONLY analytics.duration_rollups FORCE ROW LEVEL SECURITY;

CREATE VIEW analytics.durations WITH (security_invoker='true') AS
 SELECT m.tenant_id,
    m.generation,
    m.conversation_id,
    m.opened_at,
    m.opened_week,
    dimensions.dimension,
    dimensions.key,
    measured.name,
    measured.ms
   FROM ((analytics.conversation_measures m
     CROSS JOIN LATERAL ( VALUES ('first_answer'::text,m.first_answer_ms), ('first_answer_open'::text,m.first_answer_open_ms), ('first_human'::text,m.first_human_ms), ('first_human_open'::text,m.first_human_open_ms), ('resolution'::text,
                CASE
                    WHEN (m.resolved_at IS NOT NULL) THEN (((m.assistant_ms + m.waiting_ms) + m.agent_ms) + m.snoozed_ms)
                    ELSE NULL::bigint
                END), ('resolution_open'::text,
                CASE
                    WHEN (m.resolved_at IS NOT NULL) THEN (((m.assistant_open_ms + m.waiting_open_ms) + m.agent_open_ms) + m.snoozed_open_ms)
                    ELSE NULL::bigint
                END)) measured(name, ms))
     CROSS JOIN LATERAL ( SELECT 'none'::text AS dimension,
            ''::text AS key
        UNION ALL
         SELECT 'team'::text AS dimension,
            COALESCE(m.team, ''::text) AS key
        UNION ALL
         SELECT 'agent'::text AS dimension,
            COALESCE(m.agent, ''::text) AS key
        UNION ALL
         SELECT 'channel'::text AS dimension,
            (m.channel_id)::text AS key
        UNION ALL
         SELECT 'label'::text AS dimension,
            labels.label AS key
           FROM unnest(m.labels) labels(label)
        UNION ALL
         SELECT DISTINCT 'handoff_reason'::text AS dimension,
            reasons.reason AS key
           FROM unnest(m.handoff_reasons) reasons(reason)
        UNION ALL
         SELECT 'contact_reason'::text AS dimension,
            reasons.reason AS key
           FROM unnest(
                CASE
                    WHEN (m.contact_reasons = '{}'::text[]) THEN ARRAY[''::text]
                    ELSE m.contact_reasons
                END) reasons(reason)
        UNION ALL
         SELECT 'served_by'::text AS dimension,
                CASE
                    WHEN m.people_held THEN 'people'::text
                    ELSE 'assistant'::text
                END AS key) dimensions)
  WHERE ((measured.ms IS NOT NULL) AND (m.resolution IS DISTINCT FROM 'merged'::text));

CREATE TABLE analytics.human_answers (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    conversation_id uuid NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    agent text NOT NULL,
    first boolean NOT NULL,
    wait_ms bigint NOT NULL,
    wait_open_ms bigint NOT NULL
);

ALTER TABLE ONLY analytics.human_answers FORCE ROW LEVEL SECURITY;

CREATE TABLE analytics.positions (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    generation integer NOT NULL,
    xid xid8 DEFAULT '0'::xid8 NOT NULL,
    conversation_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    read_at timestamp with time zone DEFAULT now() NOT NULL,
    failed_conversation uuid,
    failed_version bigint,
    failed_since timestamp with time zone,
    failed_reason text,
    retry_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL
);

ALTER TABLE ONLY analytics.positions FORCE ROW LEVEL SECURITY;

CREATE TABLE analytics.projections (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    generation integer NOT NULL,
    CONSTRAINT projections_generation_check CHECK ((generation > 0))
);

ALTER TABLE ONLY analytics.projections FORCE ROW LEVEL SECURITY;

CREATE TABLE analytics.rollups (
    tenant_id uuid NOT NULL,
    generation integer NOT NULL,
    grain text NOT NULL,
    dimension text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    key text NOT NULL,
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
    turns bigint DEFAULT 0 NOT NULL,
    turn_failures bigint DEFAULT 0 NOT NULL,
    tool_calls bigint DEFAULT 0 NOT NULL,
    tokens bigint DEFAULT 0 NOT NULL,
    cost_micros bigint DEFAULT 0 NOT NULL,
    with_turns bigint DEFAULT 0 NOT NULL,
    solved_with_turns bigint DEFAULT 0 NOT NULL,
    confirmed_by_words bigint DEFAULT 0 NOT NULL,
    returned_24h bigint DEFAULT 0 NOT NULL,
    returned_72h bigint DEFAULT 0 NOT NULL,
    CONSTRAINT rollups_grain_check CHECK ((grain = ANY (ARRAY['hour'::text, 'day'::text])))
);

ALTER TABLE ONLY analytics.rollups FORCE ROW LEVEL SECURITY;

CREATE TABLE public.alert_notices (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    alert_id uuid NOT NULL,
    change text NOT NULL,
    way text NOT NULL,
    recipient text NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    code text,
    attempts integer DEFAULT 0 NOT NULL,
    mail_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT alert_notices_change_check CHECK ((change = ANY (ARRAY['started'::text, 'ended'::text]))),
    CONSTRAINT alert_notices_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'dropped'::text]))),
    CONSTRAINT alert_notices_way_check CHECK ((way = ANY (ARRAY['email'::text, 'webhook'::text])))
);

ALTER TABLE ONLY public.alert_notices FORCE ROW LEVEL SECURITY;

CREATE TABLE public.alert_rules (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    threshold double precision NOT NULL,
    clear_threshold double precision NOT NULL,
    hold_minutes integer NOT NULL,
    window_minutes integer,
    team text,
    quiet_from time without time zone,
    quiet_until time without time zone,
    emails text[] DEFAULT '{}'::text[] NOT NULL,
    webhook_url text,
    secret_sealed bytea,
    active boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    evaluated_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    value double precision,
    bad_since timestamp with time zone,
    good_since timestamp with time zone,
    alert_id uuid
);

ALTER TABLE ONLY public.alert_rules FORCE ROW LEVEL SECURITY;

CREATE TABLE public.alerts (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    rule_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    team text,
    threshold double precision NOT NULL,
    value double precision NOT NULL,
    worst double precision NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE ONLY public.alerts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.api_keys (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    hint text NOT NULL,
    permissions text[] NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    owner_id uuid,
    transferred_at timestamp with time zone
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.assistants (
    tenant_id uuid NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    api_key_sealed bytea NOT NULL,
    persona jsonb DEFAULT '{}'::jsonb NOT NULL,
    stream boolean DEFAULT false NOT NULL,
    max_steps integer DEFAULT 6 NOT NULL,
    max_tokens integer DEFAULT 800 NOT NULL,
    max_seconds double precision DEFAULT 45 NOT NULL,
    turns_per_minute integer DEFAULT 6000 NOT NULL,
    price_in numeric(12,4) DEFAULT 0 NOT NULL,
    price_out numeric(12,4) DEFAULT 0 NOT NULL,
    turns_at_once integer DEFAULT 100 NOT NULL,
    temperature double precision,
    seed bigint,
    parallel_tool_calls boolean,
    dialect text[] DEFAULT '{}'::text[] NOT NULL,
    extra_sealed bytea,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    transcription_model text DEFAULT ''::text NOT NULL,
    transcription_endpoint text DEFAULT ''::text NOT NULL,
    transcription_key_sealed bytea,
    transcription_price numeric DEFAULT 0 NOT NULL,
    sees boolean DEFAULT false NOT NULL,
    vision_model text DEFAULT ''::text NOT NULL,
    requests jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT assistants_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT assistants_max_seconds_check CHECK ((max_seconds > (0)::double precision)),
    CONSTRAINT assistants_max_steps_check CHECK ((max_steps > 0)),
    CONSTRAINT assistants_max_tokens_check CHECK ((max_tokens > 0)),
    CONSTRAINT assistants_price_in_check CHECK ((price_in >= (0)::numeric)),
    CONSTRAINT assistants_price_out_check CHECK ((price_out >= (0)::numeric)),
    CONSTRAINT assistants_requests_check CHECK ((jsonb_typeof(requests) = 'object'::text)),
    CONSTRAINT assistants_seed_check CHECK ((seed >= 0)),
    CONSTRAINT assistants_temperature_check CHECK (((temperature >= (0)::double precision) AND (temperature <= (2)::double precision))),
    CONSTRAINT assistants_turns_at_once_check CHECK ((turns_at_once > 0)),
    CONSTRAINT assistants_turns_per_minute_check CHECK ((turns_per_minute > 0))
);

ALTER TABLE ONLY public.assistants FORCE ROW LEVEL SECURITY;

CREATE TABLE public.attachments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    mimetype text NOT NULL,
    filename text NOT NULL,
    data bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    status text DEFAULT 'kept'::text NOT NULL,
    size bigint,
    sha256 text,
    code text,
    uploaded_by uuid,
    thread_id uuid,
    message_id uuid,
    external_id text,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    shard smallint GENERATED ALWAYS AS (public.shard_of(thread_id)) STORED,
    voice boolean DEFAULT false NOT NULL,
    width integer,
    height integer,
    duration_s real,
    waveform smallint[],
    CONSTRAINT attachments_data_check CHECK ((octet_length(data) <= ((16 * 1024) * 1024))),
    CONSTRAINT attachments_status_check CHECK ((status = ANY (ARRAY['wanted'::text, 'kept'::text, 'missing'::text])))
);

ALTER TABLE ONLY public.attachments FORCE ROW LEVEL SECURITY;

CREATE TABLE public.attempts (
    key text NOT NULL,
    failures integer NOT NULL,
    since timestamp with time zone NOT NULL,
    next_at timestamp with time zone
);

CREATE TABLE public.audit (
    id bigint NOT NULL,
    xid xid8 DEFAULT public.log_position() NOT NULL,
    tenant_id uuid,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who_kind text NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before jsonb,
    after jsonb,
    address text NOT NULL,
    CONSTRAINT audit_who_kind_check CHECK ((who_kind = ANY (ARRAY['user'::text, 'key'::text, 'assistant'::text, 'operator'::text, 'product'::text])))
)
PARTITION BY RANGE (at);

ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_links (
    number bigint NOT NULL,
    upto_xid xid8 NOT NULL,
    upto_id bigint NOT NULL,
    rows integer NOT NULL,
    digest bytea NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_links_rows_check CHECK ((rows > 0))
);

CREATE TABLE public.audit_other (
    id bigint CONSTRAINT audit_id_not_null NOT NULL,
    xid xid8 DEFAULT public.log_position() CONSTRAINT audit_xid_not_null NOT NULL,
    tenant_id uuid,
    at timestamp with time zone DEFAULT now() CONSTRAINT audit_at_not_null NOT NULL,
    who_kind text CONSTRAINT audit_who_kind_not_null NOT NULL,
    who text CONSTRAINT audit_who_not_null NOT NULL,
    action text CONSTRAINT audit_action_not_null NOT NULL,
    target text CONSTRAINT audit_target_not_null NOT NULL,
    before jsonb,
    after jsonb,
    address text CONSTRAINT audit_address_not_null NOT NULL,
    CONSTRAINT audit_who_kind_check CHECK ((who_kind = ANY (ARRAY['user'::text, 'key'::text, 'assistant'::text, 'operator'::text, 'product'::text])))
);

ALTER TABLE ONLY public.audit_other FORCE ROW LEVEL SECURITY;

CREATE TABLE public.canned_response_files (
    tenant_id uuid NOT NULL,
    response_id uuid NOT NULL,
    "position" smallint NOT NULL,
    file_id uuid NOT NULL
);

ALTER TABLE ONLY public.canned_response_files FORCE ROW LEVEL SECURITY;

CREATE TABLE public.canned_responses (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    shortcut text NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    scope text NOT NULL,
    team text,
    owner_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT canned_responses_check CHECK (((scope = 'team'::text) = (team IS NOT NULL))),
    CONSTRAINT canned_responses_check1 CHECK (((scope = 'personal'::text) = (owner_id IS NOT NULL))),
    CONSTRAINT canned_responses_scope_check CHECK ((scope = ANY (ARRAY['shared'::text, 'team'::text, 'personal'::text]))),
    CONSTRAINT canned_responses_shortcut_check CHECK ((shortcut ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT canned_responses_text_check CHECK ((length(text) <= 4096)),
    CONSTRAINT canned_responses_title_check CHECK (((length(title) >= 1) AND (length(title) <= 120)))
);

ALTER TABLE ONLY public.canned_responses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.channel_status_changes (
    tenant_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status text NOT NULL
);

ALTER TABLE ONLY public.channel_status_changes FORCE ROW LEVEL SECURITY;

CREATE TABLE public.channels (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    base_url text NOT NULL,
    token_hash bytea NOT NULL,
    token_sealed bytea NOT NULL,
    secret_hash bytea NOT NULL,
    secret_sealed bytea NOT NULL,
    hmac_sealed bytea,
    status text DEFAULT 'unknown'::text NOT NULL,
    status_reason text DEFAULT ''::text NOT NULL,
    status_at timestamp with time zone DEFAULT now() NOT NULL,
    held_until timestamp with time zone,
    held_reason text,
    holds integer DEFAULT 0 NOT NULL,
    filled_to timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'uazapi'::text NOT NULL
);

ALTER TABLE ONLY public.channels FORCE ROW LEVEL SECURITY;

CREATE TABLE public.complaints (
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    complained_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.complaints FORCE ROW LEVEL SECURITY;

CREATE TABLE public.contacts (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text,
    merged_into uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    document_sealed bytea,
    document_index bytea,
    notes text DEFAULT ''::text NOT NULL,
    name_folded text GENERATED ALWAYS AS ("left"(TRIM(BOTH FROM public.folded(COALESCE(name, ''::text))), 200)) STORED NOT NULL,
    known_contract text,
    known_phone text,
    known_at timestamp with time zone,
    shared_at timestamp with time zone,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    blocked_at timestamp with time zone,
    ratings_refused_at timestamp with time zone,
    opted_out_at timestamp with time zone,
    opted_out_by text,
    opted_out_reason text,
    opted_out_conversation uuid,
    CONSTRAINT contacts_check CHECK (((document_sealed IS NULL) = (document_index IS NULL))),
    CONSTRAINT contacts_check1 CHECK (((known_contract IS NULL) = (known_at IS NULL))),
    CONSTRAINT contacts_check2 CHECK (((known_phone IS NULL) = (known_at IS NULL))),
    CONSTRAINT contacts_check3 CHECK (((known_at IS NULL) OR (document_sealed IS NOT NULL))),
    CONSTRAINT contacts_notes_check CHECK ((length(notes) <= 4000)),
    CONSTRAINT contacts_opted_out_reason_check CHECK ((opted_out_reason = ANY (ARRAY['follow_up'::text, 'rating'::text, 'conversation'::text, 'agent'::text])))
);

ALTER TABLE ONLY public.contacts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.conversations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    protocol text NOT NULL,
    status text NOT NULL,
    team text,
    agent text,
    paused_until timestamp with time zone,
    version bigint NOT NULL,
    state jsonb NOT NULL,
    schema_version smallint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    waiting_since timestamp with time zone,
    priority smallint DEFAULT 1 NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    snoozed_until timestamp with time zone,
    rating_status text,
    rating_score smallint,
    rating_until timestamp with time zone,
    CONSTRAINT conversations_priority_check CHECK (((priority >= 0) AND (priority <= 3))),
    CONSTRAINT conversations_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'waiting'::text, 'open'::text, 'snoozed'::text, 'resolved'::text]))),
    CONSTRAINT conversations_version_check CHECK ((version > 0))
);

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;

CREATE TABLE public.erps (
    tenant_id uuid NOT NULL,
    kind text DEFAULT 'sgp'::text NOT NULL,
    base_url text NOT NULL,
    app text NOT NULL,
    token_sealed bytea NOT NULL,
    ticket_kinds jsonb DEFAULT '{}'::jsonb NOT NULL,
    calls_at_once integer DEFAULT 8 NOT NULL,
    per_minute integer DEFAULT 600 NOT NULL,
    timeout_s double precision DEFAULT 32 NOT NULL,
    capabilities jsonb,
    probed_at timestamp with time zone,
    CONSTRAINT erps_calls_at_once_check CHECK ((calls_at_once > 0)),
    CONSTRAINT erps_per_minute_check CHECK ((per_minute > 0)),
    CONSTRAINT erps_timeout_s_check CHECK ((timeout_s > (0)::double precision))
);

ALTER TABLE ONLY public.erps FORCE ROW LEVEL SECURITY;

CREATE TABLE public.events (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    version bigint NOT NULL,
    thread_id uuid NOT NULL,
    type text NOT NULL,
    body jsonb NOT NULL,
    schema_version smallint NOT NULL,
    at timestamp with time zone NOT NULL,
    xid xid8 DEFAULT public.log_position() NOT NULL,
    cause text
);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.follow_up_attempts (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    number smallint NOT NULL,
    round integer DEFAULT 1 NOT NULL,
    status text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    channel_id uuid NOT NULL,
    day date NOT NULL,
    variant smallint NOT NULL,
    template text NOT NULL,
    ordered_at timestamp with time zone DEFAULT now() NOT NULL,
    send_until timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    message_id uuid,
    CONSTRAINT follow_up_attempts_number_check CHECK (((number >= 1) AND (number <= 3))),
    CONSTRAINT follow_up_attempts_status_check CHECK ((status = ANY (ARRAY['ordered'::text, 'queued'::text, 'skipped'::text])))
);

ALTER TABLE ONLY public.follow_up_attempts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.follow_ups (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    interest text NOT NULL,
    plan text DEFAULT ''::text NOT NULL,
    plan_value numeric,
    status text DEFAULT 'waiting'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    interested_at timestamp with time zone NOT NULL,
    quiet_at timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    last_attempt_at timestamp with time zone,
    check_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT follow_ups_interest_check CHECK ((interest = ANY (ARRAY['registered'::text, 'plans'::text, 'coverage'::text]))),
    CONSTRAINT follow_ups_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'running'::text, 'recovered'::text, 'lost'::text, 'stopped'::text])))
);

ALTER TABLE ONLY public.follow_ups FORCE ROW LEVEL SECURITY;

CREATE TABLE public.former_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    contact_id uuid NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT former_identities_kind_check CHECK ((kind = ANY (ARRAY['lid'::text, 'phone'::text])))
);

ALTER TABLE ONLY public.former_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE public.held_back (
    tenant_id uuid NOT NULL,
    teller text NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL,
    waiting integer NOT NULL,
    told_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT held_back_reason_check CHECK ((reason = ANY (ARRAY['flood'::text, 'turns'::text, 'model_throttled'::text, 'busy'::text, 'erp'::text, 'gateway'::text])))
);

ALTER TABLE ONLY public.held_back FORCE ROW LEVEL SECURITY;

CREATE TABLE public.hosts (
    name text NOT NULL,
    incarnation text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    pid integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    draining boolean DEFAULT false NOT NULL
);

CREATE TABLE public.idempotency_keys (
    id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid,
    caller uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    lease uuid NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    status smallint,
    answer_sealed bytea,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    acted text,
    CONSTRAINT idempotency_keys_check CHECK (((status IS NULL) = (answer_sealed IS NULL)))
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE public.identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    contact_id uuid NOT NULL,
    address text,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    wrote boolean DEFAULT true NOT NULL,
    left_at timestamp with time zone,
    taken_over boolean DEFAULT false NOT NULL,
    CONSTRAINT identities_kind_check CHECK ((kind = ANY (ARRAY['lid'::text, 'phone'::text])))
);

ALTER TABLE ONLY public.identities FORCE ROW LEVEL SECURITY;

COMMENT ON COLUMN public.identities.address IS 'As the gateway spells it; null: as in value.';

COMMENT ON COLUMN public.identities.left_at IS 'Its person wrote from another one then. Null: it is current,
and may receive and prove who writes; one of a kind for a contact.';

COMMENT ON COLUMN public.identities.taken_over IS 'Another person had it before: it proves nothing.';

CREATE TABLE public.inbox (
    tenant_id uuid NOT NULL,
    id bigint NOT NULL,
    channel_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    shard smallint NOT NULL,
    dedupe_key text NOT NULL,
    command jsonb NOT NULL,
    raw jsonb,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    processed_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    outcome text
);

ALTER TABLE ONLY public.inbox FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE public.inbox_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.mails (
    id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid,
    recipient text NOT NULL,
    sealed bytea NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mails_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.mails FORCE ROW LEVEL SECURITY;

CREATE TABLE public.memories (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    facts jsonb NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.memories FORCE ROW LEVEL SECURITY;

CREATE TABLE public.messages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    conversation_id uuid,
    version bigint,
    author text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    external_id text,
    reply_to text,
    status text,
    code text,
    reactions jsonb DEFAULT '{}'::jsonb NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone
);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

CREATE TABLE public.mirror_changes (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    ref text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.mirror_changes FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mirror_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.mirror_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mirror_dead_letters (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    ref text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone DEFAULT now() NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.mirror_dead_letters FORCE ROW LEVEL SECURITY;

CREATE TABLE public.mirror_positions (
    tenant_id uuid NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    leased_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    log_xid xid8 NOT NULL,
    log_conversation uuid NOT NULL,
    log_version bigint NOT NULL,
    audit_xid xid8 NOT NULL,
    audit_id bigint NOT NULL,
    rollup_generation integer DEFAULT 0 NOT NULL,
    rollup_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    rollup_conversation uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    rollup_version bigint DEFAULT 0 NOT NULL,
    backfill_for text DEFAULT ''::text NOT NULL,
    backfill_source text,
    backfill_after text DEFAULT ''::text NOT NULL,
    backfill_done bigint DEFAULT 0 NOT NULL,
    backfill_total bigint DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failed_since timestamp with time zone,
    failure text,
    failure_detail text,
    retry_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    mirrored_at timestamp with time zone,
    rows_sent bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.mirror_positions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.mirror_settings (
    tenant_id uuid NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    url text,
    key_sealed bytea,
    publishable_key text,
    messages text DEFAULT 'metadata'::text NOT NULL,
    jwt_secret_sealed bytea,
    paused_at timestamp with time zone,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mirror_settings_check CHECK (((url IS NULL) = (key_sealed IS NULL))),
    CONSTRAINT mirror_settings_messages_check CHECK ((messages = ANY (ARRAY['full'::text, 'metadata'::text, 'none'::text])))
);

ALTER TABLE ONLY public.mirror_settings FORCE ROW LEVEL SECURITY;

CREATE VIEW public.mirrored_contacts WITH (security_invoker='true') AS
 SELECT tenant_id AS provedor_id,
    id,
    name,
    ( SELECT i.value
           FROM public.identities i
          WHERE ((i.tenant_id = k.tenant_id) AND (i.contact_id = k.id) AND (i.kind = 'phone'::text) AND (i.left_at IS NULL))
         LIMIT 1) AS phone,
    NULL::text AS email,
    NULL::text AS avatar,
    created_at,
    GREATEST(created_at, known_at, blocked_at, shared_at) AS updated_at,
    jsonb_build_object('labels', labels, 'blocked', (blocked_at IS NOT NULL), 'merged_into', merged_into) AS additional_attributes,
    NULL::timestamp with time zone AS deleted_at
   FROM public.contacts k;

CREATE TABLE public.threads (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    channel_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    shard smallint GENERATED ALWAYS AS (public.shard_of(id)) STORED NOT NULL,
    merged_into uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    blocked boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY public.threads FORCE ROW LEVEL SECURITY;

CREATE VIEW public.mirrored_conversations WITH (security_invoker='true') AS
 SELECT c.tenant_id AS provedor_id,
    c.id,
    t.contact_id,
    t.channel_id AS inbox_id,
    c.status,
    c.agent AS assignee_id,
    c.opened_at AS created_at,
    c.changed_at AS updated_at,
    c.resolved_at AS ended_at,
    jsonb_build_object('protocol', c.protocol, 'team', c.team, 'labels', c.labels, 'priority', c.priority, 'rating_status', c.rating_status, 'rating_score', c.rating_score) AS additional_attributes,
    NULL::timestamp with time zone AS deleted_at
   FROM (public.conversations c
     JOIN public.threads t ON (((t.tenant_id = c.tenant_id) AND (t.id = c.thread_id))));

CREATE VIEW public.mirrored_events WITH (security_invoker='true') AS
 SELECT tenant_id AS provedor_id,
    (md5(((conversation_id || ':'::text) || version)))::uuid AS id,
    conversation_id,
    type AS action,
    (body - 'type'::text) AS details,
    COALESCE((body ->> 'by'::text), (body ->> 'agent'::text)) AS user_id,
        CASE
            WHEN (type = 'conversation_resolved'::text) THEN at
            ELSE NULL::timestamp with time zone
        END AS ended_at,
    at AS created_at,
    NULL::timestamp with time zone AS deleted_at,
    version AS ref,
    xid
   FROM public.events e
  WHERE (type = ANY (ARRAY['conversation_resolved'::text, 'conversation_reopened'::text, 'conversation_assigned'::text, 'conversation_transferred'::text, 'conversation_handed_off'::text]));

CREATE VIEW public.mirrored_messages WITH (security_invoker='true') AS
 SELECT m.tenant_id AS provedor_id,
    m.id,
    m.conversation_id,
    ( SELECT t.contact_id
           FROM public.threads t
          WHERE ((t.tenant_id = m.tenant_id) AND (t.id = m.thread_id))) AS contact_id,
        CASE
            WHEN shown.content THEN m.text
            ELSE NULL::text
        END AS content,
    m.kind AS message_type,
    (m.author = 'customer'::text) AS is_from_customer,
    m.external_id,
        CASE
            WHEN (file.id IS NOT NULL) THEN ('/api/v1/files/'::text || file.id)
            ELSE NULL::text
        END AS file_url,
        CASE
            WHEN shown.content THEN NULLIF(file.filename, ''::text)
            ELSE NULL::text
        END AS file_name,
    file.size AS file_size,
    jsonb_build_object('author', m.author, 'status',
        CASE
            WHEN (m.code = 'cancelled'::text) THEN 'cancelled'::text
            ELSE m.status
        END, 'edited_at', m.edited_at, 'reply_to', m.reply_to) AS additional_attributes,
    m.sent_at AS created_at,
    m.deleted_at
   FROM (((public.messages m
     CROSS JOIN LATERAL ( SELECT COALESCE(( SELECT s.messages
                   FROM public.mirror_settings s
                  WHERE (s.tenant_id = m.tenant_id)), 'metadata'::text) AS policy) p)
     CROSS JOIN LATERAL ( SELECT ((p.policy = 'full'::text) AND (m.deleted_at IS NULL)) AS content) shown)
     LEFT JOIN LATERAL ( SELECT a.id,
            a.filename,
            a.size
           FROM public.attachments a
          WHERE ((a.tenant_id = m.tenant_id) AND (a.id = ((m.details ->> 'attachment'::text))::uuid))
         LIMIT 1) file ON (true))
  WHERE ((m.conversation_id IS NOT NULL) AND (p.policy <> 'none'::text));

CREATE TABLE public.ratings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    team text,
    agent text,
    status text NOT NULL,
    reason text NOT NULL,
    due_at timestamp with time zone,
    requested_at timestamp with time zone,
    sent_at timestamp with time zone,
    answered_at timestamp with time zone,
    score smallint,
    request_id uuid,
    answer_id uuid,
    comment_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    theme text,
    tone text,
    urgency text,
    classification text,
    classify_at timestamp with time zone DEFAULT now() NOT NULL,
    classify_tries smallint DEFAULT 0 NOT NULL,
    classify_cost numeric DEFAULT 0 NOT NULL,
    cost numeric DEFAULT 0 NOT NULL,
    CONSTRAINT ratings_classification_check CHECK ((classification = ANY (ARRAY['wanted'::text, 'done'::text, 'failed'::text, 'over_budget'::text]))),
    CONSTRAINT ratings_score_check CHECK (((score >= 1) AND (score <= 5))),
    CONSTRAINT ratings_status_check CHECK ((status = ANY (ARRAY['scheduled'::text, 'sent'::text, 'answered'::text, 'expired'::text, 'skipped'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.ratings FORCE ROW LEVEL SECURITY;

CREATE VIEW public.mirrored_ratings WITH (security_invoker='true') AS
 SELECT tenant_id AS provedor_id,
    id,
    conversation_id,
    ( SELECT t.contact_id
           FROM public.threads t
          WHERE ((t.tenant_id = r.tenant_id) AND (t.id = r.thread_id))) AS contact_id,
    (ARRAY['😡'::text, '😕'::text, '😐'::text, '🙂'::text, '🤩'::text])[score] AS emoji_rating,
    (score)::bigint AS rating_value,
    answered_at AS feedback_sent_at,
        CASE
            WHEN (( SELECT s.messages
               FROM public.mirror_settings s
              WHERE (s.tenant_id = r.tenant_id)) = 'full'::text) THEN ( SELECT a.text
               FROM public.messages a
              WHERE ((a.tenant_id = r.tenant_id) AND (a.id = r.answer_id) AND (a.deleted_at IS NULL)))
            ELSE NULL::text
        END AS original_message,
    NULL::text AS contact_avatar,
    jsonb_build_object('team', team, 'agent', agent, 'theme', theme, 'tone', tone, 'urgency', urgency) AS additional_attributes,
    created_at,
    NULL::timestamp with time zone AS deleted_at
   FROM public.ratings r
  WHERE ((status = 'answered'::text) AND (score IS NOT NULL));

CREATE VIEW public.mirrored_rollups WITH (security_invoker='true') AS
 SELECT r.tenant_id AS provedor_id,
    (md5(concat_ws(':'::text, r.grain, r.dimension, EXTRACT(epoch FROM r.bucket), r.key)))::uuid AS id,
    r.grain,
    r.dimension,
    r.bucket,
    r.key,
    r.conversations,
    r.outside_hours,
    r.resolved,
    r.resolved_agent,
    r.resolved_assistant,
    r.resolved_inactivity,
    r.solved_by_assistant,
    r.with_people,
    r.handoffs,
    r.reopened,
    r.transfers,
    r.offline_returns,
    r.after_hours,
    r.first_answers,
    r.first_answer_ms,
    r.first_answer_open_ms,
    r.first_human_answers,
    r.first_human_ms,
    r.first_human_open_ms,
    r.next_answers,
    r.next_answer_ms,
    r.next_answer_open_ms,
    r.assistant_ms,
    r.assistant_open_ms,
    r.waiting_ms,
    r.waiting_open_ms,
    r.agent_ms,
    r.agent_open_ms,
    r.snoozed_ms,
    r.snoozed_open_ms,
    r.resolution_ms,
    r.resolution_open_ms,
    r.ratings,
    r.rating_sum,
    r.messages_customer,
    r.messages_assistant,
    r.messages_agent,
    r.messages_phone,
    r.messages_system,
    r.messages_failed,
    r.turns,
    r.turn_failures,
    r.tool_calls,
    r.tokens,
    r.cost_micros,
    r.with_turns,
    r.solved_with_turns,
    r.confirmed_by_words,
    r.returned_24h,
    r.returned_72h,
    r.bucket AS created_at,
        CASE
            WHEN ((r.conversations = 0) AND (r.messages_customer = 0) AND (r.messages_assistant = 0) AND (r.messages_agent = 0) AND (r.messages_phone = 0) AND (r.messages_system = 0) AND (r.turns = 0)) THEN r.bucket
            ELSE NULL::timestamp with time zone
        END AS deleted_at
   FROM (analytics.rollups r
     JOIN analytics.projections j ON (((j.tenant_id = r.tenant_id) AND (j.name = 'conversations'::text) AND (j.generation = r.generation))));

CREATE TABLE public.one_time_links (
    digest bytea NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT one_time_links_purpose_check CHECK ((purpose = ANY (ARRAY['invitation'::text, 'reset'::text])))
);

CREATE TABLE public.outbox (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    shard smallint NOT NULL,
    channel_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    "position" bigint NOT NULL,
    origin text NOT NULL,
    text text NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    lookups integer DEFAULT 0 NOT NULL,
    resends integer DEFAULT 0 NOT NULL,
    host text,
    epoch bigint,
    send_until timestamp with time zone,
    uncertain_since timestamp with time zone,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    external_id text,
    code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    kind text DEFAULT 'text'::text NOT NULL,
    attachment_id uuid,
    choices jsonb,
    begun_until timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'image'::text, 'video'::text, 'audio'::text, 'voice'::text, 'sticker'::text, 'document'::text, 'edit'::text, 'deletion'::text, 'reaction'::text]))),
    CONSTRAINT outbox_origin_check CHECK ((origin = ANY (ARRAY['assistant'::text, 'agent'::text, 'system'::text]))),
    CONSTRAINT outbox_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'uncertain'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.pause_reasons (
    tenant_id uuid NOT NULL,
    reasons jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT pause_reasons_reasons_check CHECK ((jsonb_typeof(reasons) = 'array'::text))
);

ALTER TABLE ONLY public.pause_reasons FORCE ROW LEVEL SECURITY;

CREATE TABLE public.pauses (
    tenant_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    until timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.pauses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.preferences (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    document jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT preferences_document_check CHECK ((jsonb_typeof(document) = 'object'::text))
);

ALTER TABLE ONLY public.preferences FORCE ROW LEVEL SECURITY;

CREATE TABLE public.presence_changes (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    state text NOT NULL,
    reason text NOT NULL
);

ALTER TABLE ONLY public.presence_changes FORCE ROW LEVEL SECURITY;

CREATE TABLE public.presences (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    state text DEFAULT 'offline'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    capacity integer,
    since timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    assigned_at timestamp with time zone,
    shard smallint GENERATED ALWAYS AS (public.shard_of(tenant_id)) STORED NOT NULL,
    CONSTRAINT presences_capacity_check CHECK (((capacity >= 0) AND (capacity <= 100))),
    CONSTRAINT presences_state_check CHECK ((state = ANY (ARRAY['online'::text, 'away'::text, 'offline'::text])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.presences FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE public.protocol_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.push_positions (
    id smallint DEFAULT 1 NOT NULL,
    xid xid8 NOT NULL,
    conversation_id uuid NOT NULL,
    version bigint NOT NULL,
    read_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT push_positions_id_check CHECK ((id = 1))
);

CREATE TABLE public.push_sends (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    subscription_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    conversation_id uuid NOT NULL,
    version bigint NOT NULL,
    message_id uuid,
    status text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone NOT NULL,
    code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT push_sends_kind_check CHECK ((kind = ANY (ARRAY['new_message'::text, 'assignment'::text, 'mention'::text, 'new_conversation'::text]))),
    CONSTRAINT push_sends_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'gone'::text, 'dropped'::text])))
);

ALTER TABLE ONLY public.push_sends FORCE ROW LEVEL SECURITY;

CREATE TABLE public.push_subscriptions (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    device text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.push_subscriptions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.readings (
    tenant_id uuid NOT NULL,
    message_id uuid NOT NULL,
    file_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    shard smallint GENERATED ALWAYS AS (public.shard_of(thread_id)) STORED,
    sort text NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    said_seconds double precision NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    code text,
    detail text DEFAULT ''::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    seconds double precision DEFAULT 0 NOT NULL,
    tokens_in integer DEFAULT 0 NOT NULL,
    tokens_out integer DEFAULT 0 NOT NULL,
    cost numeric DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    taken_by text,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT readings_sort_check CHECK ((sort = ANY (ARRAY['voice'::text, 'picture'::text, 'document'::text]))),
    CONSTRAINT readings_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'wanted'::text, 'read'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.readings FORCE ROW LEVEL SECURITY;

CREATE TABLE public.reads (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    upto bigint NOT NULL,
    CONSTRAINT reads_upto_check CHECK ((upto >= 0))
);

ALTER TABLE ONLY public.reads FORCE ROW LEVEL SECURITY;

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    digest bytea NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.refresh_tokens (
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.refused_texts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    turn_id uuid NOT NULL,
    code text NOT NULL,
    sentence text NOT NULL,
    text text NOT NULL,
    model text NOT NULL,
    prompt_version text NOT NULL,
    refused_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.refused_texts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.replaced_texts (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    message_id uuid NOT NULL,
    version bigint,
    text text NOT NULL,
    replaced_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.replaced_texts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.report_exports (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    requester_kind text NOT NULL,
    requester_id uuid NOT NULL,
    metric text NOT NULL,
    "grouping" text NOT NULL,
    key text,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    file_format text NOT NULL,
    language text NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    rows_expected integer,
    rows_written integer DEFAULT 0 NOT NULL,
    failure text,
    attempts integer DEFAULT 0 NOT NULL,
    claimed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    scopes jsonb,
    file_attempt integer,
    file_bytes bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone,
    removed_at timestamp with time zone,
    CONSTRAINT report_exports_check CHECK (((state <> 'done'::text) OR ((file_attempt IS NOT NULL) AND (expires_at IS NOT NULL)))),
    CONSTRAINT report_exports_file_format_check CHECK ((file_format = ANY (ARRAY['csv'::text, 'xlsx'::text]))),
    CONSTRAINT report_exports_language_check CHECK ((language = ANY (ARRAY['pt'::text, 'en'::text]))),
    CONSTRAINT report_exports_requester_kind_check CHECK ((requester_kind = ANY (ARRAY['user'::text, 'key'::text]))),
    CONSTRAINT report_exports_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.report_exports FORCE ROW LEVEL SECURITY;

CREATE TABLE public.report_schedules (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    metrics text[] NOT NULL,
    "grouping" text NOT NULL,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    business_hours boolean DEFAULT false NOT NULL,
    cadence text NOT NULL,
    hour integer NOT NULL,
    file_format text NOT NULL,
    language text NOT NULL,
    recipients text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    next_at timestamp with time zone NOT NULL,
    claimed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    failure text,
    CONSTRAINT report_schedules_cadence_check CHECK ((cadence = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    CONSTRAINT report_schedules_file_format_check CHECK ((file_format = ANY (ARRAY['pdf'::text, 'xlsx'::text, 'csv'::text]))),
    CONSTRAINT report_schedules_hour_check CHECK (((hour >= 0) AND (hour <= 23))),
    CONSTRAINT report_schedules_language_check CHECK ((language = ANY (ARRAY['pt'::text, 'en'::text])))
);

ALTER TABLE ONLY public.report_schedules FORCE ROW LEVEL SECURITY;

CREATE TABLE public.reservations (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    inbox_id bigint NOT NULL,
    reserved_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.reservations FORCE ROW LEVEL SECURITY;

CREATE TABLE public.roles (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    permissions text[] NOT NULL,
    CONSTRAINT roles_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);

ALTER TABLE ONLY public.roles FORCE ROW LEVEL SECURITY;

CREATE TABLE public.search_blocks (
    tenant_id uuid NOT NULL,
    number bigint NOT NULL,
    from_at timestamp with time zone NOT NULL,
    from_id uuid NOT NULL,
    upto_at timestamp with time zone NOT NULL,
    upto_id uuid NOT NULL,
    ids uuid[] NOT NULL,
    words tsvector NOT NULL
);

ALTER TABLE ONLY public.search_blocks FORCE ROW LEVEL SECURITY;

CREATE TABLE public.search_words (
    tenant_id uuid NOT NULL,
    word text NOT NULL,
    blocks smallint DEFAULT 1 NOT NULL,
    CONSTRAINT search_words_word_check CHECK ((word ~ '^[[:alpha:]]{4,30}$'::text))
);

ALTER TABLE ONLY public.search_words FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sessions (
    id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid,
    user_id uuid NOT NULL,
    address text NOT NULL,
    agent text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    acting_tenant uuid,
    acting_until timestamp with time zone
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE public.shards (
    shard smallint NOT NULL,
    host text,
    epoch bigint DEFAULT 0 NOT NULL,
    CONSTRAINT shards_shard_check CHECK (((shard >= 0) AND (shard <= 1023)))
);

CREATE TABLE public.sla_conversations (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    progress jsonb NOT NULL,
    shown jsonb,
    due_at timestamp with time zone
);

ALTER TABLE ONLY public.sla_conversations FORCE ROW LEVEL SECURITY;

CREATE VIEW public.shown_conversations WITH (security_invoker='true') AS
 SELECT c.tenant_id,
    c.id,
    c.protocol,
    c.status,
    c.team,
    c.agent,
    c.version,
    c.opened_at,
    c.changed_at,
    c.resolved_at,
    c.waiting_since,
    c.priority,
    c.labels,
    c.snoozed_until,
    c.thread_id,
    t.channel_id,
    k.id AS contact_id,
    k.name AS contact,
    ( SELECT i.value
           FROM public.identities i
          WHERE ((i.tenant_id = c.tenant_id) AND (i.contact_id = k.id) AND (i.kind = 'phone'::text) AND (i.left_at IS NULL))
         LIMIT 1) AS phone,
    ( SELECT h.name
           FROM public.channels h
          WHERE ((h.tenant_id = c.tenant_id) AND (h.id = t.channel_id))) AS channel,
    ((c.status = 'pending'::text) OR (((c.state -> 'after_hours'::text))::boolean IS TRUE)) AS assistant_writes,
    c.paused_until,
    (k.blocked_at IS NOT NULL) AS contact_blocked,
    ( SELECT jsonb_build_object('id', m.id, 'version', m.version, 'author', m.author, 'kind', m.kind, 'text',
                CASE
                    WHEN (m.deleted_at IS NULL) THEN "left"(m.text, 140)
                    ELSE ''::text
                END, 'sent_at', m.sent_at, 'status', m.status, 'deleted', (m.deleted_at IS NOT NULL)) AS jsonb_build_object
           FROM public.messages m
          WHERE ((m.tenant_id = c.tenant_id) AND (m.conversation_id = c.id))
          ORDER BY m.version DESC
         LIMIT 1) AS last_message,
    c.rating_status,
    c.rating_score,
    ( SELECT s.shown
           FROM public.sla_conversations s
          WHERE ((s.tenant_id = c.tenant_id) AND (s.conversation_id = c.id))) AS sla
   FROM ((public.conversations c
     JOIN public.threads t ON (((t.tenant_id = c.tenant_id) AND (t.id = c.thread_id))))
     JOIN public.contacts k ON (((k.tenant_id = t.tenant_id) AND (k.id = t.contact_id))));

CREATE VIEW public.shown_messages WITH (security_invoker='true') AS
 SELECT m.tenant_id,
    m.id,
    m.conversation_id,
    m.version,
    m.author,
    m.kind,
    m.text,
    m.details,
    m.external_id,
    m.reply_to AS quoted,
    m.status,
    m.code,
    m.reactions,
    m.sent_at,
    m.stored_at,
    m.edited_at,
    m.deleted_at,
    ( SELECT q.id
           FROM public.messages q
          WHERE ((q.thread_id = m.thread_id) AND (q.external_id = m.reply_to))
         LIMIT 1) AS reply_to,
        CASE
            WHEN (a.id IS NOT NULL) THEN jsonb_build_object('id', a.id, 'status', a.status, 'mimetype', a.mimetype, 'filename', a.filename, 'size', a.size, 'width', a.width, 'height', a.height, 'duration_s', a.duration_s, 'waveform', COALESCE(to_jsonb(a.waveform), (m.details -> 'waveform'::text)))
            ELSE NULL::jsonb
        END AS file,
    NULLIF(r.text, ''::text) AS transcript,
        CASE
            WHEN (r.message_id IS NOT NULL) THEN jsonb_build_object('status',
            CASE r.status
                WHEN 'wanted'::text THEN 'waiting'::text
                ELSE r.status
            END, 'code', r.code, 'facts', r.facts)
            ELSE NULL::jsonb
        END AS reading
   FROM ((public.messages m
     LEFT JOIN LATERAL ( SELECT f.tenant_id,
            f.id,
            f.mimetype,
            f.filename,
            f.data,
            f.created_at,
            f.status,
            f.size,
            f.sha256,
            f.code,
            f.uploaded_by,
            f.thread_id,
            f.message_id,
            f.external_id,
            f.attempts,
            f.next_at,
            f.shard,
            f.voice,
            f.width,
            f.height,
            f.duration_s,
            f.waveform
           FROM public.attachments f
          WHERE ((f.tenant_id = m.tenant_id) AND (f.id = ((m.details ->> 'attachment'::text))::uuid))
         LIMIT 1) a ON (true))
     LEFT JOIN LATERAL ( SELECT g.tenant_id,
            g.message_id,
            g.file_id,
            g.thread_id,
            g.shard,
            g.sort,
            g.status,
            g.said_seconds,
            g.text,
            g.facts,
            g.code,
            g.detail,
            g.model,
            g.seconds,
            g.tokens_in,
            g.tokens_out,
            g.cost,
            g.attempts,
            g.taken_by,
            g.next_at,
            g.created_at,
            g.settled_at
           FROM public.readings g
          WHERE ((g.tenant_id = m.tenant_id) AND (g.message_id = m.id))
         LIMIT 1) r ON (true));

CREATE TABLE public.signing_keys (
    id text NOT NULL,
    public_key bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sla_clocks (
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    target text NOT NULL,
    number integer NOT NULL,
    policy_id uuid,
    policy_name text,
    team text,
    agent text,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    started_at timestamp with time zone NOT NULL,
    warn_at timestamp with time zone,
    due_at timestamp with time zone,
    breached_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome text,
    warning_logged boolean DEFAULT false NOT NULL,
    breach_logged boolean DEFAULT false NOT NULL,
    CONSTRAINT sla_clocks_outcome_check CHECK ((outcome = ANY (ARRAY['reached'::text, 'dropped'::text]))),
    CONSTRAINT sla_clocks_target_check CHECK ((target = ANY (ARRAY['first_answer'::text, 'next_answer'::text, 'resolution'::text])))
);

ALTER TABLE ONLY public.sla_clocks FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sla_policies (
    tenant_id uuid NOT NULL,
    id uuid DEFAULT uuidv7() NOT NULL,
    name text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    "position" integer NOT NULL,
    teams text[] DEFAULT '{}'::text[] NOT NULL,
    priorities smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    first_answer_s integer,
    next_answer_s integer,
    resolution_s integer,
    business_hours boolean DEFAULT true NOT NULL,
    warn_percent smallint DEFAULT 80 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sla_policies_check CHECK ((COALESCE(first_answer_s, next_answer_s, resolution_s) IS NOT NULL)),
    CONSTRAINT sla_policies_first_answer_s_check CHECK ((first_answer_s > 0)),
    CONSTRAINT sla_policies_next_answer_s_check CHECK ((next_answer_s > 0)),
    CONSTRAINT sla_policies_resolution_s_check CHECK ((resolution_s > 0)),
    CONSTRAINT sla_policies_warn_percent_check CHECK (((warn_percent >= 1) AND (warn_percent <= 99)))
);

ALTER TABLE ONLY public.sla_policies FORCE ROW LEVEL SECURITY;

CREATE TABLE public.sla_tenants (
    tenant_id uuid NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    refreshed bigint DEFAULT 0 NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.sla_tenants FORCE ROW LEVEL SECURITY;

CREATE TABLE public.team_members (
    tenant_id uuid NOT NULL,
    team text NOT NULL,
    user_id uuid NOT NULL
);

ALTER TABLE ONLY public.team_members FORCE ROW LEVEL SECURITY;

CREATE TABLE public.teams (
    tenant_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    assignment text DEFAULT 'manual'::text NOT NULL,
    shard smallint GENERATED ALWAYS AS (public.shard_of((md5((((tenant_id)::text || ':team:'::text) || slug)))::uuid)) STORED NOT NULL,
    CONSTRAINT teams_assignment_check CHECK ((assignment = ANY (ARRAY['manual'::text, 'round_robin'::text, 'balanced'::text])))
);

ALTER TABLE ONLY public.teams FORCE ROW LEVEL SECURITY;

CREATE TABLE public.tenant_token_keys (
    id text NOT NULL,
    public_key bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.tenants (
    tenant_id uuid DEFAULT uuidv7() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    timezone text DEFAULT 'America/Sao_Paulo'::text NOT NULL,
    policy jsonb DEFAULT '{}'::jsonb NOT NULL,
    config_version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    plan text DEFAULT 'profissional'::text NOT NULL,
    session_idle interval DEFAULT '12:00:00'::interval NOT NULL,
    CONSTRAINT tenants_plan_check CHECK ((plan = ANY (ARRAY['basico'::text, 'profissional'::text, 'enterprise'::text]))),
    CONSTRAINT tenants_session_idle_check CHECK (((session_idle >= '00:05:00'::interval) AND (session_idle <= '30 days'::interval))),
    CONSTRAINT tenants_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT tenants_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text])))
);

ALTER TABLE ONLY public.tenants FORCE ROW LEVEL SECURITY;

CREATE TABLE public.tickets (
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.timers (
    tenant_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    name text NOT NULL,
    shard smallint NOT NULL,
    conversation_id uuid NOT NULL,
    generation bigint NOT NULL,
    due_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.timers FORCE ROW LEVEL SECURITY;

CREATE TABLE public.unmatched (
    tenant_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    digest text GENERATED ALWAYS AS (md5(value)) STORED NOT NULL,
    kept_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT unmatched_kind_check CHECK ((kind = ANY (ARRAY['receipt'::text, 'edit'::text, 'deletion'::text, 'reaction'::text])))
);

ALTER TABLE ONLY public.unmatched FORCE ROW LEVEL SECURITY;

CREATE TABLE public.user_photos (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    image bytea NOT NULL,
    digest text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_photos_image_check CHECK ((octet_length(image) <= 65536))
);

ALTER TABLE ONLY public.user_photos FORCE ROW LEVEL SECURITY;

CREATE TABLE public.users (
    id uuid DEFAULT uuidv7() NOT NULL,
    tenant_id uuid,
    login text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    password_hash text,
    totp_sealed bytea,
    totp_since timestamp with time zone,
    totp_step bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_check CHECK (((role = 'superuser'::text) = (tenant_id IS NULL))),
    CONSTRAINT users_login_check CHECK ((login = lower(login))),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['invited'::text, 'active'::text, 'disabled'::text])))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

CREATE TABLE public.vapid_keys (
    id smallint DEFAULT 1 NOT NULL,
    public_key bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT vapid_keys_id_check CHECK ((id = 1))
);

ALTER TABLE ONLY public.audit ATTACH PARTITION public.audit_other DEFAULT;

ALTER TABLE ONLY analytics.answer_rollups
    ADD CONSTRAINT answer_rollups_pkey PRIMARY KEY (tenant_id, generation, grain, bucket, agent);

ALTER TABLE ONLY analytics.assistant_turns
    ADD CONSTRAINT assistant_turns_pkey PRIMARY KEY (tenant_id, generation, turn_id);

ALTER TABLE ONLY analytics.conversation_measures
    ADD CONSTRAINT conversation_measures_pkey PRIMARY KEY (tenant_id, generation, conversation_id);

ALTER TABLE ONLY analytics.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, generation, message_id);

ALTER TABLE ONLY analytics.delivery_rollups
    ADD CONSTRAINT delivery_rollups_pkey PRIMARY KEY (tenant_id, generation, grain, bucket, channel_id, author, failure);

ALTER TABLE ONLY analytics.duration_rollups
    ADD CONSTRAINT duration_rollups_pkey PRIMARY KEY (tenant_id, generation, dimension, name, bucket, key, bin);

ALTER TABLE ONLY analytics.human_answers
    ADD CONSTRAINT human_answers_pkey PRIMARY KEY (tenant_id, generation, conversation_id, version);

ALTER TABLE ONLY analytics.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (tenant_id, name, generation);

ALTER TABLE ONLY analytics.projections
    ADD CONSTRAINT projections_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY analytics.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (tenant_id, generation, grain, dimension, bucket, key);

ALTER TABLE ONLY public.alert_notices
    ADD CONSTRAINT alert_notices_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.alert_notices
    ADD CONSTRAINT alert_notices_tenant_id_alert_id_change_way_recipient_key UNIQUE (tenant_id, alert_id, change, way, recipient);

ALTER TABLE ONLY public.alert_rules
    ADD CONSTRAINT alert_rules_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_id_key UNIQUE (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.assistants
    ADD CONSTRAINT assistants_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.audit_links
    ADD CONSTRAINT audit_links_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id, at);

ALTER TABLE ONLY public.audit_other
    ADD CONSTRAINT audit_other_pkey PRIMARY KEY (id, at);

ALTER TABLE ONLY public.canned_response_files
    ADD CONSTRAINT canned_response_files_pkey PRIMARY KEY (tenant_id, response_id, "position");

ALTER TABLE ONLY public.canned_response_files
    ADD CONSTRAINT canned_response_files_tenant_id_response_id_file_id_key UNIQUE (tenant_id, response_id, file_id);

ALTER TABLE ONLY public.canned_responses
    ADD CONSTRAINT canned_responses_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.canned_responses
    ADD CONSTRAINT canned_responses_tenant_id_shortcut_team_owner_id_key UNIQUE NULLS NOT DISTINCT (tenant_id, shortcut, team, owner_id);

ALTER TABLE ONLY public.channel_status_changes
    ADD CONSTRAINT channel_status_changes_pkey PRIMARY KEY (tenant_id, channel_id, at);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_id_key UNIQUE (id);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_tenant_id_slug_key UNIQUE (tenant_id, slug);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_pkey PRIMARY KEY (tenant_id, contact_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_tenant_id_protocol_key UNIQUE (tenant_id, protocol);

ALTER TABLE ONLY public.erp_writes
    ADD CONSTRAINT erp_writes_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.erp_writes
    ADD CONSTRAINT erp_writes_tenant_id_key_key UNIQUE (tenant_id, key);

ALTER TABLE ONLY public.erps
    ADD CONSTRAINT erps_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (tenant_id, conversation_id, version);

ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_pkey PRIMARY KEY (tenant_id, conversation_id, number);

ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.former_identities
    ADD CONSTRAINT former_identities_pkey PRIMARY KEY (tenant_id, kind, value, until, contact_id);

ALTER TABLE ONLY public.held_back
    ADD CONSTRAINT held_back_pkey PRIMARY KEY (tenant_id, teller, reason);

ALTER TABLE ONLY public.hosts
    ADD CONSTRAINT hosts_incarnation_key UNIQUE (incarnation);

ALTER TABLE ONLY public.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_caller_route_key_tenant_id_key UNIQUE NULLS NOT DISTINCT (caller, route, key, tenant_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (tenant_id, kind, value);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_channel_id_dedupe_key_key UNIQUE (channel_id, dedupe_key);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.memories
    ADD CONSTRAINT memories_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.mirror_changes
    ADD CONSTRAINT mirror_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mirror_dead_letters
    ADD CONSTRAINT mirror_dead_letters_pkey PRIMARY KEY (tenant_id, source, ref);

ALTER TABLE ONLY public.mirror_positions
    ADD CONSTRAINT mirror_positions_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.mirror_settings
    ADD CONSTRAINT mirror_settings_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_id_key UNIQUE (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.pause_reasons
    ADD CONSTRAINT pause_reasons_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (tenant_id, thread_id);

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_pkey PRIMARY KEY (tenant_id, user_id);

ALTER TABLE ONLY public.presence_changes
    ADD CONSTRAINT presence_changes_pkey PRIMARY KEY (tenant_id, user_id, at);

ALTER TABLE ONLY public.presences
    ADD CONSTRAINT presences_pkey PRIMARY KEY (tenant_id, user_id);

ALTER TABLE ONLY public.push_positions
    ADD CONSTRAINT push_positions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.push_sends
    ADD CONSTRAINT push_sends_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.push_sends
    ADD CONSTRAINT push_sends_subscription_id_conversation_id_version_kind_key UNIQUE (subscription_id, conversation_id, version, kind);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.readings
    ADD CONSTRAINT readings_pkey PRIMARY KEY (tenant_id, message_id);

ALTER TABLE ONLY public.reads
    ADD CONSTRAINT reads_pkey PRIMARY KEY (tenant_id, user_id, conversation_id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, digest);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.refused_texts
    ADD CONSTRAINT refused_texts_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.replaced_texts
    ADD CONSTRAINT replaced_texts_pkey PRIMARY KEY (tenant_id, message_id, id);

ALTER TABLE ONLY public.report_exports
    ADD CONSTRAINT report_exports_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.report_schedules
    ADD CONSTRAINT report_schedules_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY public.search_blocks
    ADD CONSTRAINT search_blocks_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY public.search_words
    ADD CONSTRAINT search_words_pkey PRIMARY KEY (tenant_id, word);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_tenant_id_id_key UNIQUE (tenant_id, id);

ALTER TABLE ONLY public.shards
    ADD CONSTRAINT shards_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sla_clocks
    ADD CONSTRAINT sla_clocks_pkey PRIMARY KEY (tenant_id, conversation_id, target, number);

ALTER TABLE ONLY public.sla_conversations
    ADD CONSTRAINT sla_conversations_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.sla_policies
    ADD CONSTRAINT sla_policies_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.sla_tenants
    ADD CONSTRAINT sla_tenants_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_pkey PRIMARY KEY (tenant_id, team, user_id);

ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_pkey PRIMARY KEY (tenant_id, slug);

ALTER TABLE ONLY public.tenant_token_keys
    ADD CONSTRAINT tenant_token_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_id_key UNIQUE (id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_tenant_id_channel_id_contact_id_key UNIQUE (tenant_id, channel_id, contact_id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_pkey PRIMARY KEY (tenant_id, thread_id, name);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.unmatched
    ADD CONSTRAINT unmatched_pkey PRIMARY KEY (tenant_id, thread_id, external_id, kind, digest);

ALTER TABLE ONLY public.user_photos
    ADD CONSTRAINT user_photos_pkey PRIMARY KEY (tenant_id, user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_login_key UNIQUE (login);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_tenant_id_id_key UNIQUE (tenant_id, id);

ALTER TABLE ONLY public.vapid_keys
    ADD CONSTRAINT vapid_keys_pkey PRIMARY KEY (id);

CREATE INDEX assistant_turns_at ON analytics.assistant_turns USING btree (tenant_id, generation, at);

CREATE INDEX assistant_turns_conversation ON analytics.assistant_turns USING btree (tenant_id, generation, conversation_id);

CREATE INDEX conversation_measures_opened ON analytics.conversation_measures USING btree (tenant_id, generation, opened_at, conversation_id);

CREATE INDEX conversation_measures_solved ON analytics.conversation_measures USING btree (tenant_id, generation, resolved_at) WHERE (solved_by_assistant AND (returned_at IS NULL));

CREATE INDEX conversation_measures_thread ON analytics.conversation_measures USING btree (tenant_id, generation, thread_id, opened_at);

CREATE INDEX deliveries_queued ON analytics.deliveries USING btree (tenant_id, generation, queued_at);

CREATE INDEX human_answers_at ON analytics.human_answers USING btree (tenant_id, generation, at);

CREATE INDEX alert_notices_due ON public.alert_notices USING btree (next_at) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

CREATE INDEX alert_rules_due ON public.alert_rules USING btree (evaluated_at) WHERE active;

CREATE UNIQUE INDEX alerts_lasting ON public.alerts USING btree (tenant_id, rule_id) WHERE (ended_at IS NULL);

CREATE INDEX alerts_newest ON public.alerts USING btree (tenant_id, started_at DESC, id DESC);

CREATE UNIQUE INDEX api_keys_name ON public.api_keys USING btree (tenant_id, name) WHERE (revoked_at IS NULL);

CREATE INDEX attachments_age ON public.attachments USING btree (created_at);

CREATE INDEX attachments_wanted ON public.attachments USING btree (shard, next_at) WHERE (status = 'wanted'::text);

CREATE INDEX attempts_since ON public.attempts USING btree (since);

CREATE INDEX audit_of_tenant ON ONLY public.audit USING btree (tenant_id, id);

CREATE INDEX audit_other_tenant_id_id_idx ON public.audit_other USING btree (tenant_id, id);

CREATE INDEX audit_position ON ONLY public.audit USING btree (xid, id);

CREATE INDEX audit_other_xid_id_idx ON public.audit_other USING btree (xid, id);

CREATE INDEX canned_response_files_file ON public.canned_response_files USING btree (tenant_id, file_id);

CREATE INDEX canned_responses_owner ON public.canned_responses USING btree (tenant_id, owner_id) WHERE (owner_id IS NOT NULL);

CREATE INDEX canned_responses_team ON public.canned_responses USING btree (tenant_id, team) WHERE (team IS NOT NULL);

CREATE INDEX contacts_document ON public.contacts USING btree (tenant_id, document_index) WHERE (document_index IS NOT NULL);

CREATE INDEX contacts_labelled ON public.contacts USING btree (tenant_id, id) WHERE (labels <> '{}'::text[]);

CREATE INDEX contacts_name ON public.contacts USING btree (tenant_id, name_folded, id) WHERE (merged_into IS NULL);

CREATE INDEX contacts_opted_out ON public.contacts USING btree (tenant_id, opted_out_at DESC, id) WHERE (opted_out_at IS NOT NULL);

CREATE INDEX contacts_sealed ON public.contacts USING btree (id) WHERE (document_sealed IS NOT NULL);

CREATE INDEX conversations_by_change ON public.conversations USING btree (tenant_id, status, changed_at);

CREATE INDEX conversations_held ON public.conversations USING btree (tenant_id, agent, waiting_since) WHERE (status = 'open'::text);

CREATE UNIQUE INDEX conversations_one_live ON public.conversations USING btree (thread_id) WHERE (status <> 'resolved'::text);

CREATE INDEX conversations_open_rating ON public.conversations USING btree (thread_id) WHERE (rating_until IS NOT NULL);

CREATE INDEX conversations_opened ON public.conversations USING btree (tenant_id, opened_at, id) WHERE (resolved_at IS NULL);

CREATE INDEX conversations_opened_before ON public.conversations USING btree (tenant_id, opened_at, id) WHERE (resolved_at IS NOT NULL);

CREATE INDEX conversations_queued ON public.conversations USING btree (tenant_id, team, priority DESC, waiting_since, id) WHERE (status = 'waiting'::text);

CREATE INDEX conversations_thread ON public.conversations USING btree (tenant_id, thread_id, opened_at);

CREATE INDEX conversations_waiting ON public.conversations USING btree (tenant_id, waiting_since, id) WHERE ((waiting_since IS NOT NULL) AND (status <> 'resolved'::text));

CREATE INDEX erp_writes_conversation ON public.erp_writes USING btree (tenant_id, conversation_id) WHERE (conversation_id IS NOT NULL);

CREATE INDEX erp_writes_done ON public.erp_writes USING btree (tenant_id, journaled_at) INCLUDE (turn_id) WHERE ((status = 'done'::text) AND (requested_by IS NULL));

CREATE INDEX erp_writes_open ON public.erp_writes USING btree (tenant_id, journaled_at) WHERE (status = ANY (ARRAY['started'::text, 'sending'::text]));

CREATE INDEX erp_writes_turn ON public.erp_writes USING btree (tenant_id, turn_id);

CREATE INDEX events_position ON public.events USING btree (xid, conversation_id, version);

CREATE INDEX events_tenant_position ON public.events USING btree (tenant_id, xid, conversation_id, version);

CREATE INDEX follow_up_attempts_day ON public.follow_up_attempts USING btree (tenant_id, day) WHERE (status <> 'skipped'::text);

CREATE INDEX follow_ups_due ON public.follow_ups USING btree (tenant_id, check_at) WHERE (status = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE INDEX follow_ups_interested ON public.follow_ups USING btree (tenant_id, interested_at DESC, conversation_id);

CREATE INDEX former_identities_contact ON public.former_identities USING btree (tenant_id, contact_id);

CREATE INDEX held_back_teller ON public.held_back USING btree (teller);

CREATE INDEX idempotency_keys_age ON public.idempotency_keys USING btree (started_at);

CREATE INDEX identities_contact ON public.identities USING btree (tenant_id, contact_id);

CREATE UNIQUE INDEX identities_current ON public.identities USING btree (tenant_id, contact_id, kind) WHERE (left_at IS NULL);

CREATE INDEX inbox_age ON public.inbox USING btree (received_at) WHERE (processed_at IS NOT NULL);

CREATE INDEX inbox_forgotten ON public.inbox USING btree (shard, received_at) WHERE (processed_at IS NULL);

CREATE INDEX inbox_pending ON public.inbox USING btree (thread_id, id) WHERE (processed_at IS NULL);

CREATE INDEX mails_due ON public.mails USING btree (next_at) WHERE (status = 'queued'::text);

CREATE INDEX messages_automatic ON public.messages USING btree (tenant_id, stored_at) WHERE (author = 'automatic'::text);

CREATE INDEX messages_conversation ON public.messages USING btree (tenant_id, conversation_id, version);

CREATE INDEX messages_external ON public.messages USING btree (thread_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX messages_stored ON public.messages USING btree (tenant_id, stored_at, id);

CREATE INDEX messages_thread ON public.messages USING btree (tenant_id, thread_id, stored_at);

CREATE INDEX mirror_changes_of_tenant ON public.mirror_changes USING btree (tenant_id, id);

CREATE INDEX one_time_links_user ON public.one_time_links USING btree (user_id);

CREATE INDEX outbox_attachment ON public.outbox USING btree (tenant_id, attachment_id) WHERE (attachment_id IS NOT NULL);

CREATE INDEX outbox_due ON public.outbox USING btree (shard, next_at) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text, 'uncertain'::text]));

CREATE INDEX outbox_unsettled ON public.outbox USING btree (thread_id, "position") WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text, 'uncertain'::text]));

CREATE INDEX presences_gone ON public.presences USING btree (shard) WHERE (state = 'offline'::text);

CREATE INDEX presences_here ON public.presences USING btree (shard) WHERE (state <> 'offline'::text);

CREATE INDEX push_sends_age ON public.push_sends USING btree (created_at);

CREATE INDEX push_sends_due ON public.push_sends USING btree (next_at) WHERE (status = ANY (ARRAY['queued'::text, 'sending'::text]));

CREATE INDEX push_subscriptions_session ON public.push_subscriptions USING btree (tenant_id, session_id);

CREATE INDEX push_subscriptions_user ON public.push_subscriptions USING btree (tenant_id, user_id);

CREATE INDEX ratings_conversation ON public.ratings USING btree (tenant_id, conversation_id);

CREATE INDEX ratings_newest ON public.ratings USING btree (tenant_id, created_at DESC, id);

CREATE INDEX ratings_thread ON public.ratings USING btree (tenant_id, thread_id, sent_at);

CREATE INDEX ratings_wanted ON public.ratings USING btree (classify_at) WHERE (classification = 'wanted'::text);

CREATE INDEX readings_file ON public.readings USING btree (tenant_id, file_id);

CREATE INDEX readings_thread ON public.readings USING btree (tenant_id, thread_id, created_at);

CREATE INDEX readings_wanted ON public.readings USING btree (shard, next_at) WHERE (status = 'wanted'::text);

CREATE INDEX reads_conversation ON public.reads USING btree (tenant_id, conversation_id);

CREATE INDEX refresh_tokens_session ON public.refresh_tokens USING btree (session_id);

CREATE INDEX refused_texts_newest ON public.refused_texts USING btree (tenant_id, refused_at, id);

CREATE INDEX refused_texts_turn ON public.refused_texts USING btree (tenant_id, turn_id);

CREATE INDEX report_exports_finished ON public.report_exports USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE UNIQUE INDEX report_exports_one_running ON public.report_exports USING btree (tenant_id) WHERE (state = 'running'::text);

CREATE INDEX report_exports_own ON public.report_exports USING btree (tenant_id, requester_id, id);

CREATE INDEX report_exports_unfinished ON public.report_exports USING btree (created_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX report_schedules_due ON public.report_schedules USING btree (next_at) WHERE active;

CREATE UNIQUE INDEX search_blocks_position ON public.search_blocks USING btree (tenant_id, from_at, from_id);

CREATE INDEX search_blocks_words ON public.search_blocks USING gin (words);

CREATE INDEX search_words_like ON public.search_words USING gin (word public.gin_trgm_ops);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id) WHERE (ended_at IS NULL);

CREATE INDEX sla_clocks_due ON public.sla_clocks USING btree (tenant_id, due_at) WHERE ((due_at IS NOT NULL) AND (NOT breach_logged));

CREATE INDEX sla_clocks_warn ON public.sla_clocks USING btree (tenant_id, warn_at) WHERE ((warn_at IS NOT NULL) AND (NOT warning_logged));

CREATE INDEX sla_conversations_due ON public.sla_conversations USING btree (tenant_id, due_at, conversation_id) WHERE (due_at IS NOT NULL);

CREATE INDEX team_members_user ON public.team_members USING btree (tenant_id, user_id);

CREATE INDEX teams_assigning ON public.teams USING btree (shard) WHERE (assignment <> 'manual'::text);

CREATE INDEX tickets_session ON public.tickets USING btree (session_id);

CREATE INDEX timers_due ON public.timers USING btree (shard, due_at);

CREATE INDEX timers_thread ON public.timers USING btree (thread_id);

CREATE INDEX turns_conversation ON public.turns USING btree (tenant_id, conversation_id, started_at);

CREATE INDEX turns_running ON public.turns USING btree (shard) WHERE (status = 'running'::text);

CREATE INDEX unmatched_message ON public.unmatched USING btree (thread_id, external_id);

ALTER INDEX public.audit_pkey ATTACH PARTITION public.audit_other_pkey;

ALTER INDEX public.audit_of_tenant ATTACH PARTITION public.audit_other_tenant_id_id_idx;

ALTER INDEX public.audit_position ATTACH PARTITION public.audit_other_xid_id_idx;

CREATE TRIGGER channel_opened AFTER INSERT ON public.channels FOR EACH ROW EXECUTE FUNCTION public.record_channel_status();

CREATE TRIGGER channel_status_changed AFTER UPDATE OF status ON public.channels FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.record_channel_status();

CREATE TRIGGER note_merge_for_mirror AFTER UPDATE ON public.threads FOR EACH ROW WHEN (((new.merged_into IS DISTINCT FROM old.merged_into) AND (new.merged_into IS NOT NULL))) EXECUTE FUNCTION public.note_mirror_change('threads', 'merged_into');

CREATE TRIGGER note_mirror_change AFTER UPDATE ON public.contacts FOR EACH ROW WHEN (((new.name IS DISTINCT FROM old.name) OR (new.labels <> old.labels) OR (new.blocked_at IS DISTINCT FROM old.blocked_at))) EXECUTE FUNCTION public.note_mirror_change('contacts', 'id');

CREATE TRIGGER note_mirror_change AFTER UPDATE ON public.identities FOR EACH ROW WHEN (((new.contact_id <> old.contact_id) OR (new.left_at IS DISTINCT FROM old.left_at))) EXECUTE FUNCTION public.note_mirror_change('contacts', 'contact_id');

CREATE TRIGGER note_mirror_change AFTER UPDATE ON public.ratings FOR EACH ROW WHEN (((new.theme IS DISTINCT FROM old.theme) OR (new.tone IS DISTINCT FROM old.tone) OR (new.urgency IS DISTINCT FROM old.urgency))) EXECUTE FUNCTION public.note_mirror_change('ratings', 'id');

CREATE TRIGGER note_mirror_change AFTER UPDATE ON public.threads FOR EACH ROW WHEN ((new.contact_id <> old.contact_id)) EXECUTE FUNCTION public.note_mirror_change('threads', 'id');

CREATE TRIGGER note_new_mirror_change AFTER INSERT ON public.identities FOR EACH ROW WHEN ((new.kind = 'phone'::text)) EXECUTE FUNCTION public.note_mirror_change('contacts', 'contact_id');

ALTER TABLE ONLY analytics.answer_rollups
    ADD CONSTRAINT answer_rollups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.assistant_turns
    ADD CONSTRAINT assistant_turns_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.conversation_measures
    ADD CONSTRAINT conversation_measures_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.deliveries
    ADD CONSTRAINT deliveries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.delivery_rollups
    ADD CONSTRAINT delivery_rollups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.duration_rollups
    ADD CONSTRAINT duration_rollups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.human_answers
    ADD CONSTRAINT human_answers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.positions
    ADD CONSTRAINT positions_tenant_id_name_fkey FOREIGN KEY (tenant_id, name) REFERENCES analytics.projections(tenant_id, name);

ALTER TABLE ONLY analytics.projections
    ADD CONSTRAINT projections_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY analytics.rollups
    ADD CONSTRAINT rollups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.alert_notices
    ADD CONSTRAINT alert_notices_tenant_id_alert_id_fkey FOREIGN KEY (tenant_id, alert_id) REFERENCES public.alerts(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.alert_rules
    ADD CONSTRAINT alert_rules_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.assistants
    ADD CONSTRAINT assistants_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE public.audit
    ADD CONSTRAINT audit_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.canned_response_files
    ADD CONSTRAINT canned_response_files_tenant_id_file_id_fkey FOREIGN KEY (tenant_id, file_id) REFERENCES public.attachments(tenant_id, id);

ALTER TABLE ONLY public.canned_response_files
    ADD CONSTRAINT canned_response_files_tenant_id_response_id_fkey FOREIGN KEY (tenant_id, response_id) REFERENCES public.canned_responses(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.canned_responses
    ADD CONSTRAINT canned_responses_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.canned_responses
    ADD CONSTRAINT canned_responses_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES public.users(tenant_id, id);

ALTER TABLE ONLY public.canned_responses
    ADD CONSTRAINT canned_responses_tenant_id_team_fkey FOREIGN KEY (tenant_id, team) REFERENCES public.teams(tenant_id, slug) ON DELETE CASCADE;

ALTER TABLE ONLY public.channel_status_changes
    ADD CONSTRAINT channel_status_changes_tenant_id_channel_id_fkey FOREIGN KEY (tenant_id, channel_id) REFERENCES public.channels(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES public.contacts(tenant_id, id);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_tenant_id_merged_into_fkey FOREIGN KEY (tenant_id, merged_into) REFERENCES public.contacts(tenant_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_tenant_id_team_fkey FOREIGN KEY (tenant_id, team) REFERENCES public.teams(tenant_id, slug);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.erp_writes
    ADD CONSTRAINT erp_writes_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.erp_writes
    ADD CONSTRAINT erp_writes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.erp_writes
    ADD CONSTRAINT erp_writes_tenant_id_turn_id_fkey FOREIGN KEY (tenant_id, turn_id) REFERENCES public.turns(tenant_id, id);

ALTER TABLE ONLY public.erps
    ADD CONSTRAINT erps_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.follow_ups(tenant_id, conversation_id);

ALTER TABLE ONLY public.follow_up_attempts
    ADD CONSTRAINT follow_up_attempts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.follow_ups
    ADD CONSTRAINT follow_ups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.former_identities
    ADD CONSTRAINT former_identities_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES public.contacts(tenant_id, id);

ALTER TABLE ONLY public.held_back
    ADD CONSTRAINT held_back_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES public.contacts(tenant_id, id);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.memories
    ADD CONSTRAINT memories_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.mirror_dead_letters
    ADD CONSTRAINT mirror_dead_letters_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.mirror_positions
    ADD CONSTRAINT mirror_positions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.mirror_settings
    ADD CONSTRAINT mirror_settings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_attachment_id_fkey FOREIGN KEY (tenant_id, attachment_id) REFERENCES public.attachments(tenant_id, id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_message_id_fkey FOREIGN KEY (tenant_id, message_id) REFERENCES public.messages(tenant_id, id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.pause_reasons
    ADD CONSTRAINT pause_reasons_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.preferences
    ADD CONSTRAINT preferences_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);

ALTER TABLE ONLY public.presence_changes
    ADD CONSTRAINT presence_changes_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.presences
    ADD CONSTRAINT presences_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.push_sends
    ADD CONSTRAINT push_sends_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_tenant_id_session_id_fkey FOREIGN KEY (tenant_id, session_id) REFERENCES public.sessions(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.readings
    ADD CONSTRAINT readings_tenant_id_file_id_fkey FOREIGN KEY (tenant_id, file_id) REFERENCES public.attachments(tenant_id, id);

ALTER TABLE ONLY public.readings
    ADD CONSTRAINT readings_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.readings
    ADD CONSTRAINT readings_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.reads
    ADD CONSTRAINT reads_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.reads
    ADD CONSTRAINT reads_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refused_texts
    ADD CONSTRAINT refused_texts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.refused_texts
    ADD CONSTRAINT refused_texts_tenant_id_turn_id_fkey FOREIGN KEY (tenant_id, turn_id) REFERENCES public.turns(tenant_id, id);

ALTER TABLE ONLY public.replaced_texts
    ADD CONSTRAINT replaced_texts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.replaced_texts
    ADD CONSTRAINT replaced_texts_tenant_id_message_id_fkey FOREIGN KEY (tenant_id, message_id) REFERENCES public.messages(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.report_exports
    ADD CONSTRAINT report_exports_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.report_schedules
    ADD CONSTRAINT report_schedules_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.reservations
    ADD CONSTRAINT reservations_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reservations
    ADD CONSTRAINT reservations_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.presences(tenant_id, user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.search_blocks
    ADD CONSTRAINT search_blocks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.search_words
    ADD CONSTRAINT search_words_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_acting_tenant_fkey FOREIGN KEY (acting_tenant) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sla_clocks
    ADD CONSTRAINT sla_clocks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sla_conversations
    ADD CONSTRAINT sla_conversations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sla_policies
    ADD CONSTRAINT sla_policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.sla_tenants
    ADD CONSTRAINT sla_tenants_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_tenant_id_team_fkey FOREIGN KEY (tenant_id, team) REFERENCES public.teams(tenant_id, slug);

ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_tenant_id_channel_id_fkey FOREIGN KEY (tenant_id, channel_id) REFERENCES public.channels(tenant_id, id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES public.contacts(tenant_id, id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_tenant_id_merged_into_fkey FOREIGN KEY (tenant_id, merged_into) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.timers
    ADD CONSTRAINT timers_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_tenant_id_conversation_id_fkey FOREIGN KEY (tenant_id, conversation_id) REFERENCES public.conversations(tenant_id, id);

ALTER TABLE ONLY public.unmatched
    ADD CONSTRAINT unmatched_tenant_id_thread_id_fkey FOREIGN KEY (tenant_id, thread_id) REFERENCES public.threads(tenant_id, id);

ALTER TABLE ONLY public.user_photos
    ADD CONSTRAINT user_photos_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

ALTER TABLE analytics.answer_rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.assistant_turns ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.conversation_measures ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.delivery_rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.duration_rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.human_answers ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON analytics.answer_rollups TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.assistant_turns TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.conversation_measures TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.deliveries TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.delivery_rollups TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.duration_rollups TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.human_answers TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.positions TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.projections TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON analytics.rollups TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY path ON analytics.positions FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON analytics.projections FOR SELECT TO niochat_system USING (true);

ALTER TABLE analytics.positions ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.projections ENABLE ROW LEVEL SECURITY;

ALTER TABLE analytics.rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alert_notices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alert_rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.alerts ENABLE ROW LEVEL SECURITY;

CREATE POLICY alerts ON public.mails TO niochat_system USING (true) WITH CHECK (true);

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.assistants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.attachments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_other ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.canned_response_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.canned_responses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_status_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channels ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.complaints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erp_writes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erps ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.follow_up_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.follow_ups ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.former_identities ENABLE ROW LEVEL SECURITY;

CREATE POLICY gate ON public.api_keys TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.audit TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.idempotency_keys TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.mails TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.push_subscriptions TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.roles TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.sessions TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.team_members TO niochat_gate USING (true) WITH CHECK (true);

CREATE POLICY gate ON public.tenants FOR SELECT TO niochat_gate USING (true);

CREATE POLICY gate ON public.user_photos FOR SELECT TO niochat_gate USING (true);

CREATE POLICY gate ON public.users TO niochat_gate USING (true) WITH CHECK (true);

ALTER TABLE public.held_back ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mails ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.memories ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mirror_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mirror_dead_letters ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mirror_positions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mirror_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON public.alert_notices TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.alert_rules TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.alerts TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.api_keys TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.assistants TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.attachments TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.audit TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.canned_response_files TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.canned_responses TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.channel_status_changes TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.channels TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.complaints TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.contacts TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.conversations TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.erp_writes TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.erps TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.events TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.follow_up_attempts TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.follow_ups TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.former_identities TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.held_back TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.idempotency_keys TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.identities TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.inbox TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.mails TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.memories TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.messages TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.mirror_changes TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.mirror_dead_letters TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.mirror_positions TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.mirror_settings TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.outbox TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.pause_reasons TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.pauses TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.preferences TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.presence_changes TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.presences TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.push_sends TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.push_subscriptions TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.ratings TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.readings TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.reads TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.refused_texts TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.replaced_texts TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.report_exports TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.report_schedules TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.reservations TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.roles TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.search_blocks TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.search_words TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.sessions TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.sla_clocks TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.sla_conversations TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.sla_policies TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.sla_tenants TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.team_members TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.teams TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.tenants TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.threads TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.timers TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.turns TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.unmatched TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.user_photos TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY own_rows ON public.users TO niochat_app USING ((tenant_id = ( SELECT public.current_tenant() AS current_tenant))) WITH CHECK ((tenant_id = ( SELECT public.current_tenant() AS current_tenant)));

CREATE POLICY path ON public.alert_notices TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.alert_rules TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.alerts TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.assistants TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.attachments TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.audit FOR INSERT TO niochat_system WITH CHECK (true);

CREATE POLICY path ON public.canned_response_files FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.channel_status_changes TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.channels TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.complaints TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.contacts TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.conversations TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.erps TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.events TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.follow_up_attempts TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.follow_ups TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.former_identities TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.held_back TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.idempotency_keys TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.identities TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.inbox TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.messages TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.mirror_changes TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.mirror_dead_letters FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.mirror_positions FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.mirror_settings TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.outbox TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.pauses TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.preferences FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.presence_changes TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.presences TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.push_sends TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.push_subscriptions TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.ratings TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.readings TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.reads FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.replaced_texts TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.report_exports TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.report_schedules TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.reservations TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.search_blocks TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.search_words TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.sla_clocks TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.sla_conversations FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.sla_tenants FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.team_members FOR SELECT TO niochat_system USING (true);

CREATE POLICY path ON public.teams TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.tenants TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.threads TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.timers TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.turns TO niochat_system USING (true) WITH CHECK (true);

CREATE POLICY path ON public.unmatched TO niochat_system USING (true) WITH CHECK (true);

ALTER TABLE public.pause_reasons ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.pauses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.preferences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.presence_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.presences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.push_sends ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.push_subscriptions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ratings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refused_texts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.replaced_texts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.report_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.report_schedules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY search ON public.messages FOR SELECT TO niochat_search USING (true);

CREATE POLICY search ON public.search_blocks FOR SELECT TO niochat_search USING (true);

CREATE POLICY search ON public.search_words FOR SELECT TO niochat_search USING (true);

ALTER TABLE public.search_blocks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_words ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sla_clocks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sla_conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sla_policies ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sla_tenants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.team_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.teams ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.threads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.timers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.turns ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.unmatched ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_photos ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA analytics TO niochat_app;
GRANT USAGE ON SCHEMA analytics TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.deliveries TO niochat_app;

GRANT SELECT ON TABLE analytics.delivery_contributions TO niochat_app;

REVOKE ALL ON FUNCTION public.gather_block(tenant uuid, settled interval) FROM PUBLIC;
GRANT ALL ON FUNCTION public.gather_block(tenant uuid, settled interval) TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.conversation_measures TO niochat_app;

GRANT SELECT ON TABLE analytics.contributions TO niochat_app;

REVOKE ALL ON FUNCTION public.search_messages(lexemes text[], groups integer[], before_at timestamp with time zone, before_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_messages(lexemes text[], groups integer[], before_at timestamp with time zone, before_id uuid, most integer) TO niochat_app;

REVOKE ALL ON FUNCTION public.similar_words(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.similar_words(wanted text) TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.answer_rollups TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erp_writes TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.turns TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.turns TO niochat_system;

GRANT SELECT ON TABLE analytics.assistant_outcomes TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.assistant_turns TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.delivery_rollups TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.duration_rollups TO niochat_app;

GRANT SELECT ON TABLE analytics.durations TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.human_answers TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.positions TO niochat_app;
GRANT SELECT ON TABLE analytics.positions TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.projections TO niochat_app;
GRANT SELECT ON TABLE analytics.projections TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.rollups TO niochat_app;

GRANT SELECT ON TABLE public.alert_notices TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alert_notices TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alert_rules TO niochat_app;
GRANT SELECT,UPDATE ON TABLE public.alert_rules TO niochat_system;

GRANT SELECT ON TABLE public.alerts TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts TO niochat_system;

GRANT UPDATE(ended_at) ON TABLE public.alerts TO niochat_app;

GRANT SELECT,UPDATE ON TABLE public.api_keys TO niochat_gate;
GRANT INSERT ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(tenant_id) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(id) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(name) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(hint) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(permissions) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(created_by) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(created_at) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(expires_at) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(last_used_at) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(owner_id),UPDATE(owner_id) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT(transferred_at),UPDATE(transferred_at) ON TABLE public.api_keys TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assistants TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.assistants TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attachments TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attachments TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attempts TO niochat_gate;

GRANT SELECT,INSERT ON TABLE public.audit TO niochat_app;
GRANT SELECT,INSERT ON TABLE public.audit TO niochat_gate;
GRANT INSERT ON TABLE public.audit TO niochat_system;

GRANT SELECT,INSERT ON TABLE public.audit_links TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.canned_response_files TO niochat_app;
GRANT SELECT ON TABLE public.canned_response_files TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.canned_responses TO niochat_app;

GRANT SELECT,INSERT ON TABLE public.channel_status_changes TO niochat_app;
GRANT SELECT,INSERT ON TABLE public.channel_status_changes TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channels TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channels TO niochat_system;

GRANT SELECT,INSERT,UPDATE ON TABLE public.complaints TO niochat_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.complaints TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contacts TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contacts TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversations TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversations TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erps TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erps TO niochat_system;

GRANT SELECT,INSERT ON TABLE public.events TO niochat_app;
GRANT SELECT,INSERT ON TABLE public.events TO niochat_system;

GRANT SELECT ON TABLE public.follow_up_attempts TO niochat_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.follow_up_attempts TO niochat_system;

GRANT SELECT,INSERT,UPDATE ON TABLE public.follow_ups TO niochat_app;
GRANT SELECT,UPDATE ON TABLE public.follow_ups TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.former_identities TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.former_identities TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.held_back TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.held_back TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.hosts TO niochat_system;
GRANT SELECT ON TABLE public.hosts TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO niochat_gate;

GRANT SELECT(id) ON TABLE public.idempotency_keys TO niochat_app;
GRANT SELECT(id) ON TABLE public.idempotency_keys TO niochat_system;

GRANT SELECT(tenant_id) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(caller) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(route) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(key) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(lease) ON TABLE public.idempotency_keys TO niochat_app;
GRANT SELECT(lease) ON TABLE public.idempotency_keys TO niochat_system;

GRANT SELECT(status) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(started_at) ON TABLE public.idempotency_keys TO niochat_app;

GRANT SELECT(acted),UPDATE(acted) ON TABLE public.idempotency_keys TO niochat_app;
GRANT SELECT(acted),UPDATE(acted) ON TABLE public.idempotency_keys TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identities TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identities TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbox TO niochat_system;

GRANT USAGE ON SEQUENCE public.inbox_numbers TO niochat_system;
GRANT USAGE ON SEQUENCE public.inbox_numbers TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mails TO niochat_gate;
GRANT INSERT ON TABLE public.mails TO niochat_system;

GRANT SELECT(id) ON TABLE public.mails TO niochat_app;
GRANT SELECT(id) ON TABLE public.mails TO niochat_system;

GRANT SELECT(tenant_id) ON TABLE public.mails TO niochat_app;

GRANT SELECT(recipient) ON TABLE public.mails TO niochat_app;

GRANT SELECT(attempts) ON TABLE public.mails TO niochat_app;
GRANT SELECT(attempts) ON TABLE public.mails TO niochat_system;

GRANT SELECT(next_at) ON TABLE public.mails TO niochat_app;

GRANT SELECT(status) ON TABLE public.mails TO niochat_app;
GRANT SELECT(status) ON TABLE public.mails TO niochat_system;

GRANT SELECT(created_at) ON TABLE public.mails TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memories TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO niochat_system;

GRANT SELECT(tenant_id) ON TABLE public.messages TO niochat_search;

GRANT SELECT(id) ON TABLE public.messages TO niochat_search;

GRANT SELECT(text) ON TABLE public.messages TO niochat_search;

GRANT SELECT(stored_at) ON TABLE public.messages TO niochat_search;

GRANT SELECT(deleted_at) ON TABLE public.messages TO niochat_search;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mirror_changes TO niochat_app;
GRANT SELECT,INSERT ON TABLE public.mirror_changes TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mirror_dead_letters TO niochat_app;
GRANT SELECT ON TABLE public.mirror_dead_letters TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mirror_positions TO niochat_app;
GRANT SELECT ON TABLE public.mirror_positions TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mirror_settings TO niochat_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.mirror_settings TO niochat_system;

GRANT SELECT ON TABLE public.mirrored_contacts TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.threads TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.threads TO niochat_system;

GRANT SELECT ON TABLE public.mirrored_conversations TO niochat_app;

GRANT SELECT ON TABLE public.mirrored_events TO niochat_app;

GRANT SELECT ON TABLE public.mirrored_messages TO niochat_app;

GRANT SELECT ON TABLE public.ratings TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ratings TO niochat_system;

GRANT SELECT ON TABLE public.mirrored_ratings TO niochat_app;

GRANT SELECT ON TABLE public.mirrored_rollups TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.one_time_links TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO niochat_system;

GRANT SELECT,INSERT,UPDATE ON TABLE public.pause_reasons TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pauses TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.pauses TO niochat_system;

GRANT SELECT,INSERT,UPDATE ON TABLE public.preferences TO niochat_app;
GRANT SELECT ON TABLE public.preferences TO niochat_system;

GRANT SELECT,INSERT ON TABLE public.presence_changes TO niochat_app;
GRANT SELECT,INSERT ON TABLE public.presence_changes TO niochat_system;

GRANT SELECT,INSERT,UPDATE ON TABLE public.presences TO niochat_app;
GRANT SELECT ON TABLE public.presences TO niochat_system;

GRANT UPDATE(state) ON TABLE public.presences TO niochat_system;

GRANT UPDATE(reason) ON TABLE public.presences TO niochat_system;

GRANT UPDATE(since) ON TABLE public.presences TO niochat_system;

GRANT UPDATE(seen_at) ON TABLE public.presences TO niochat_system;

GRANT UPDATE(assigned_at) ON TABLE public.presences TO niochat_system;

GRANT USAGE ON SEQUENCE public.protocol_numbers TO niochat_system;
GRANT USAGE ON SEQUENCE public.protocol_numbers TO niochat_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.push_positions TO niochat_system;

GRANT SELECT ON TABLE public.push_sends TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.push_sends TO niochat_system;

GRANT DELETE ON TABLE public.push_subscriptions TO niochat_app;
GRANT SELECT,DELETE,UPDATE ON TABLE public.push_subscriptions TO niochat_system;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.push_subscriptions TO niochat_gate;

GRANT SELECT(tenant_id) ON TABLE public.push_subscriptions TO niochat_app;

GRANT SELECT(id) ON TABLE public.push_subscriptions TO niochat_app;

GRANT SELECT(user_id) ON TABLE public.push_subscriptions TO niochat_app;

GRANT SELECT(device) ON TABLE public.push_subscriptions TO niochat_app;

GRANT SELECT(created_at) ON TABLE public.push_subscriptions TO niochat_app;

GRANT SELECT ON TABLE public.readings TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.readings TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reads TO niochat_app;
GRANT SELECT ON TABLE public.reads TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.recovery_codes TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_tokens TO niochat_gate;

GRANT SELECT,INSERT ON TABLE public.refused_texts TO niochat_app;

GRANT SELECT,INSERT ON TABLE public.replaced_texts TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.replaced_texts TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.report_exports TO niochat_app;
GRANT SELECT,DELETE,UPDATE ON TABLE public.report_exports TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.report_schedules TO niochat_app;
GRANT SELECT,UPDATE ON TABLE public.report_schedules TO niochat_system;

GRANT SELECT ON TABLE public.reservations TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reservations TO niochat_system;

GRANT SELECT ON TABLE public.roles TO niochat_gate;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.roles TO niochat_app;

GRANT SELECT ON TABLE public.search_blocks TO niochat_app;
GRANT SELECT ON TABLE public.search_blocks TO niochat_search;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_blocks TO niochat_system;

GRANT SELECT ON TABLE public.search_words TO niochat_app;
GRANT SELECT ON TABLE public.search_words TO niochat_search;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_words TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO niochat_gate;
GRANT SELECT ON TABLE public.sessions TO niochat_app;

GRANT UPDATE(ended_at) ON TABLE public.sessions TO niochat_app;

GRANT UPDATE(ended_by) ON TABLE public.sessions TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.shards TO niochat_system;
GRANT SELECT ON TABLE public.shards TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sla_conversations TO niochat_app;
GRANT SELECT ON TABLE public.sla_conversations TO niochat_system;

GRANT SELECT ON TABLE public.shown_conversations TO niochat_app;
GRANT SELECT ON TABLE public.shown_conversations TO niochat_system;

GRANT SELECT ON TABLE public.shown_messages TO niochat_app;
GRANT SELECT ON TABLE public.shown_messages TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.signing_keys TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sla_clocks TO niochat_app;
GRANT SELECT,UPDATE ON TABLE public.sla_clocks TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sla_policies TO niochat_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sla_tenants TO niochat_app;
GRANT SELECT ON TABLE public.sla_tenants TO niochat_system;

GRANT SELECT ON TABLE public.team_members TO niochat_gate;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.team_members TO niochat_app;
GRANT SELECT ON TABLE public.team_members TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.teams TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.teams TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenant_token_keys TO niochat_gate;

GRANT SELECT ON TABLE public.tenants TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tenants TO niochat_system;
GRANT SELECT ON TABLE public.tenants TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tickets TO niochat_gate;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.timers TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.timers TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unmatched TO niochat_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unmatched TO niochat_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_photos TO niochat_app;

GRANT SELECT(tenant_id) ON TABLE public.user_photos TO niochat_gate;

GRANT SELECT(user_id) ON TABLE public.user_photos TO niochat_gate;

GRANT SELECT(digest) ON TABLE public.user_photos TO niochat_gate;

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO niochat_gate;

GRANT SELECT(id),INSERT(id) ON TABLE public.users TO niochat_app;

GRANT SELECT(tenant_id),INSERT(tenant_id) ON TABLE public.users TO niochat_app;

GRANT SELECT(login),INSERT(login) ON TABLE public.users TO niochat_app;

GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE public.users TO niochat_app;

GRANT SELECT(role),INSERT(role),UPDATE(role) ON TABLE public.users TO niochat_app;

GRANT SELECT(status),INSERT(status),UPDATE(status) ON TABLE public.users TO niochat_app;

GRANT SELECT(totp_since) ON TABLE public.users TO niochat_app;

GRANT SELECT(created_at) ON TABLE public.users TO niochat_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.vapid_keys TO niochat_gate;
