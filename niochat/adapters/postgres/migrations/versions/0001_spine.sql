SET lock_timeout = '5s';

-- Roles. Neither owns anything nor bypasses row-level security. The log-in that runs the
-- migrations may become either of them; it sees no row itself.
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['niochat_system', 'niochat_app'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the whole server: another database made it
        END;
        IF NOT pg_has_role(current_user, wanted, 'SET') THEN
            EXECUTE format('GRANT %I TO %I WITH SET TRUE, INHERIT FALSE', wanted, current_user);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION shard_of(key uuid) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (((get_byte(uuid_send(key), 14) & 3) << 8) | get_byte(uuid_send(key), 15))::smallint;
COMMENT ON FUNCTION shard_of IS 'The key''s low ten bits: 1,024 shards, fixed for ever; domain.ids.shard_of is its twin.';

-- An unset tenant is NULL, and NULL equals nothing: no row is seen.
CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('niochat.tenant', true), '')::uuid;

-- ---------------------------------------------------------------- ownership
CREATE TABLE hosts (
    name        text PRIMARY KEY,
    incarnation text NOT NULL UNIQUE,          -- one process; a restart is another one
    node        text NOT NULL DEFAULT '',
    pid         integer NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE shards (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 1023),
    host  text,                                 -- incarnation of the owner
    epoch bigint NOT NULL DEFAULT 0             -- grows with every change of owner
);
INSERT INTO shards (shard) SELECT generate_series(0, 1023);

-- ---------------------------------------------------------------- tenants
CREATE TABLE tenants (
    tenant_id      uuid PRIMARY KEY DEFAULT uuidv7(),
    slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name           text NOT NULL,
    status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    timezone       text NOT NULL DEFAULT 'America/Sao_Paulo',
    policy         jsonb NOT NULL DEFAULT '{}',
    config_version bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE teams (
    tenant_id uuid NOT NULL REFERENCES tenants,
    slug      text NOT NULL,
    name      text NOT NULL,
    PRIMARY KEY (tenant_id, slug)
);
CREATE TABLE assistants (
    tenant_id         uuid PRIMARY KEY REFERENCES tenants,
    endpoint          text NOT NULL,
    model             text NOT NULL,
    api_key_sealed    bytea NOT NULL,
    persona           jsonb NOT NULL DEFAULT '{}',
    stream            boolean NOT NULL DEFAULT false,
    max_steps         integer NOT NULL DEFAULT 6 CHECK (max_steps > 0),
    max_tokens        integer NOT NULL DEFAULT 800 CHECK (max_tokens > 0),
    max_seconds       double precision NOT NULL DEFAULT 45 CHECK (max_seconds > 0),
    turns_per_minute  integer NOT NULL DEFAULT 6000 CHECK (turns_per_minute > 0)
);
CREATE TABLE channels (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    id            uuid NOT NULL DEFAULT uuidv7() UNIQUE,
    slug          text NOT NULL,
    name          text NOT NULL,
    base_url      text NOT NULL,
    token_hash    bytea NOT NULL,               -- sha256: compared, never shown
    token_sealed  bytea NOT NULL,               -- what we send to the gateway
    secret_hash   bytea NOT NULL,
    secret_sealed bytea NOT NULL,               -- so that the webhook address can be shown
    hmac_sealed   bytea,                        -- set: webhooks must be signed
    status        text NOT NULL DEFAULT 'unknown',
    status_reason text NOT NULL DEFAULT '',
    status_at     timestamptz NOT NULL DEFAULT now(),
    held_until    timestamptz,                  -- nothing starts to leave before
    held_reason   text,
    holds         integer NOT NULL DEFAULT 0,   -- in a row: the next one lasts longer
    filled_to     timestamptz NOT NULL DEFAULT now(),  -- back-fill has read up to here
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug)
);

-- ---------------------------------------------------------------- who and where
CREATE TABLE contacts (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    id          uuid NOT NULL DEFAULT uuidv7(),
    name        text,
    merged_into uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES contacts (tenant_id, id)
);
CREATE TABLE identities (
    tenant_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('lid', 'phone')),
    value      text NOT NULL,
    contact_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, value),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id)
);
CREATE INDEX identities_contact ON identities (tenant_id, contact_id);
CREATE TABLE threads (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7() UNIQUE,
    channel_id  uuid NOT NULL,
    contact_id  uuid NOT NULL,
    shard       smallint NOT NULL GENERATED ALWAYS AS (shard_of(id)) STORED,
    merged_into uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, channel_id, contact_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES threads (tenant_id, id)
);

-- ---------------------------------------------------------------- conversations
CREATE SEQUENCE protocol_numbers;
CREATE TABLE conversations (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL,
    thread_id      uuid NOT NULL,
    protocol       text NOT NULL,
    status         text NOT NULL
        CHECK (status IN ('pending', 'waiting', 'open', 'snoozed', 'resolved')),
    team           text,
    agent          text,
    paused_until   timestamptz,
    version        bigint NOT NULL CHECK (version > 0),
    state          jsonb NOT NULL,
    schema_version smallint NOT NULL,
    opened_at      timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    resolved_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, protocol),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id),
    FOREIGN KEY (tenant_id, team) REFERENCES teams (tenant_id, slug)
);
CREATE UNIQUE INDEX conversations_one_live ON conversations (thread_id) WHERE status <> 'resolved';
CREATE INDEX conversations_by_change ON conversations (tenant_id, status, changed_at);
CREATE TABLE events (
    tenant_id       uuid NOT NULL,
    conversation_id uuid NOT NULL,
    version         bigint NOT NULL,
    thread_id       uuid NOT NULL,
    type            text NOT NULL,
    body            jsonb NOT NULL,             -- ids, codes and numbers, never text or names
    schema_version  smallint NOT NULL,
    at              timestamptz NOT NULL,
    xid             xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- readers' position
    PRIMARY KEY (tenant_id, conversation_id, version),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX events_position ON events (xid, conversation_id, version);
CREATE TABLE messages (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,
    thread_id       uuid NOT NULL,
    conversation_id uuid,                       -- typed on the phone while none was live: NULL
    version         bigint,
    author          text NOT NULL,
    kind            text NOT NULL,
    text            text NOT NULL,
    details         jsonb NOT NULL DEFAULT '{}',
    external_id     text,
    reply_to        text,
    status          text,
    code            text,
    reactions       jsonb NOT NULL DEFAULT '{}',
    sent_at         timestamptz NOT NULL,
    stored_at       timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz,
    deleted_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX messages_external ON messages (thread_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX messages_conversation ON messages (tenant_id, conversation_id, version);
CREATE INDEX messages_thread ON messages (tenant_id, thread_id, stored_at);
CREATE TABLE unmatched (
    tenant_id   uuid NOT NULL,
    thread_id   uuid NOT NULL,
    external_id text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('receipt', 'edit', 'deletion', 'reaction')),
    value       text NOT NULL,
    digest      text NOT NULL GENERATED ALWAYS AS (md5(value)) STORED,  -- a text may be too long for a key
    kept_at     timestamptz NOT NULL DEFAULT clock_timestamp(),  -- order within one step too
    PRIMARY KEY (tenant_id, thread_id, external_id, kind, digest),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id)
);
CREATE INDEX unmatched_message ON unmatched (thread_id, external_id);

-- ---------------------------------------------------------------- the path
CREATE SEQUENCE inbox_numbers CACHE 1;
CREATE TABLE inbox (
    tenant_id    uuid NOT NULL,
    id           bigint NOT NULL,               -- order of arrival within the thread
    channel_id   uuid NOT NULL,
    thread_id    uuid NOT NULL,
    shard        smallint NOT NULL,
    dedupe_key   text NOT NULL,
    command      jsonb NOT NULL,
    raw          jsonb,
    received_at  timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    failures     integer NOT NULL DEFAULT 0,
    outcome      text,                          -- done, refused:<code>, parked:<code>
    PRIMARY KEY (tenant_id, id),
    UNIQUE (channel_id, dedupe_key),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id)
);
CREATE INDEX inbox_pending ON inbox (thread_id, id) WHERE processed_at IS NULL;
CREATE INDEX inbox_forgotten ON inbox (shard, received_at) WHERE processed_at IS NULL;
-- Partial, so that a search for the oldest pending row never walks weeks of processed ones.
CREATE INDEX inbox_age ON inbox (received_at) WHERE processed_at IS NOT NULL;
CREATE TABLE outbox (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,       -- the gateway's track_id
    thread_id       uuid NOT NULL,
    shard           smallint NOT NULL,
    channel_id      uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id      uuid NOT NULL,
    position        bigint GENERATED ALWAYS AS IDENTITY,  -- order within the thread
    origin          text NOT NULL CHECK (origin IN ('assistant', 'agent', 'system')),
    text            text NOT NULL,
    status          text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    attempts        integer NOT NULL DEFAULT 0,
    lookups         integer NOT NULL DEFAULT 0, -- of an uncertain row, since it was last sent
    resends         integer NOT NULL DEFAULT 0, -- after it was certainly not found
    host            text,
    epoch           bigint,
    send_until      timestamptz,
    uncertain_since timestamptz,
    next_at         timestamptz NOT NULL DEFAULT now(),
    external_id     text,
    code            text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id)
);
CREATE INDEX outbox_unsettled ON outbox (thread_id, position)
    WHERE status IN ('queued', 'sending', 'uncertain');
CREATE INDEX outbox_due ON outbox (shard, next_at)
    WHERE status IN ('queued', 'sending', 'uncertain');
CREATE TABLE timers (
    tenant_id       uuid NOT NULL,
    thread_id       uuid NOT NULL,
    name            text NOT NULL,
    shard           smallint NOT NULL,
    conversation_id uuid NOT NULL,
    generation      bigint NOT NULL,
    due_at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, thread_id, name),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id)
);
CREATE INDEX timers_due ON timers (shard, due_at);
CREATE INDEX timers_thread ON timers (thread_id);
CREATE TABLE turns (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,
    conversation_id uuid NOT NULL,
    thread_id       uuid NOT NULL,
    shard           smallint NOT NULL,
    attempt         integer NOT NULL,
    upto_version    bigint NOT NULL,            -- messages up to here are its input
    status          text NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'answered', 'failed', 'cancelled')),
    host            text NOT NULL,              -- incarnation that watches this attempt
    code            text NOT NULL DEFAULT '',
    detail          text NOT NULL DEFAULT '',
    model           text NOT NULL DEFAULT '',
    prompt_version  text NOT NULL DEFAULT '',
    tool_results    jsonb NOT NULL DEFAULT '[]',
    tokens_in       integer NOT NULL DEFAULT 0,
    tokens_out      integer NOT NULL DEFAULT 0,
    started_at      timestamptz NOT NULL,
    settled_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id)
);
CREATE INDEX turns_running ON turns (shard) WHERE status = 'running';
CREATE TABLE erp_writes (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    id           uuid NOT NULL DEFAULT uuidv7(),
    key          text NOT NULL,                 -- business identity, not the call
    turn_id      uuid NOT NULL,
    request      jsonb NOT NULL,
    status       text NOT NULL DEFAULT 'started' CHECK (status IN ('started', 'done', 'refused')),
    result       jsonb,
    journaled_at timestamptz NOT NULL DEFAULT now(),
    settled_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id)
);

-- ---------------------------------------------------------------- row-level security
DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT table_name FROM information_schema.columns
              WHERE table_schema = 'public' AND column_name = 'tenant_id' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO niochat_app
             USING (tenant_id = (SELECT current_tenant()))
             WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO niochat_app', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY[
        'tenants', 'teams', 'assistants', 'channels', 'contacts', 'identities', 'threads',
        'conversations', 'events', 'messages', 'unmatched', 'inbox', 'outbox', 'timers', 'turns'
    ] LOOP
        EXECUTE format('CREATE POLICY path ON %I TO niochat_system USING (true) WITH CHECK (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO niochat_system', t);
    END LOOP;
END $$;
-- The log is only ever added to, and a tenant does not change its own standing.
REVOKE UPDATE, DELETE ON events FROM niochat_app, niochat_system;
REVOKE INSERT, UPDATE, DELETE ON tenants FROM niochat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hosts, shards TO niochat_system;
GRANT SELECT ON hosts, shards TO niochat_app;
GRANT USAGE ON SEQUENCE protocol_numbers, inbox_numbers TO niochat_system, niochat_app;
