SET lock_timeout = '5s';

-- Texts that agents send often. A response belongs to everybody, to a team or to one person.
CREATE TABLE canned_responses (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    id         uuid NOT NULL DEFAULT uuidv7(),
    shortcut   text NOT NULL CHECK (shortcut ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 120),
    text       text NOT NULL CHECK (length(text) <= 4096),
    scope      text NOT NULL CHECK (scope IN ('shared', 'team', 'personal')),
    team       text,
    owner_id   uuid,
    version    bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, team) REFERENCES teams (tenant_id, slug) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, owner_id) REFERENCES users (tenant_id, id),
    CHECK ((scope = 'team') = (team IS NOT NULL)),
    CHECK ((scope = 'personal') = (owner_id IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (tenant_id, shortcut, team, owner_id)
);
CREATE INDEX canned_responses_team ON canned_responses (tenant_id, team) WHERE team IS NOT NULL;
CREATE INDEX canned_responses_owner ON canned_responses (tenant_id, owner_id)
    WHERE owner_id IS NOT NULL;

-- Uploads that a response keeps from being collected.
CREATE TABLE canned_response_files (
    tenant_id   uuid NOT NULL,
    response_id uuid NOT NULL,
    position    smallint NOT NULL,
    file_id     uuid NOT NULL,
    PRIMARY KEY (tenant_id, response_id, position),
    UNIQUE (tenant_id, response_id, file_id),
    FOREIGN KEY (tenant_id, response_id) REFERENCES canned_responses (tenant_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, file_id) REFERENCES attachments (tenant_id, id)
);
CREATE INDEX canned_response_files_file ON canned_response_files (tenant_id, file_id);

-- How a user wants screens and notifications. Without a row everything has its default.
CREATE TABLE preferences (
    tenant_id  uuid NOT NULL,
    user_id    uuid NOT NULL,
    document   jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object'),
    version    bigint NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- Pictures of users, as the server has encoded them.
CREATE TABLE user_photos (
    tenant_id  uuid NOT NULL,
    user_id    uuid NOT NULL,
    image      bytea NOT NULL CHECK (octet_length(image) <= 65536),
    digest     text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- The reasons for a pause that a tenant allows. Without a row: the product's own list.
CREATE TABLE pause_reasons (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    reasons   jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    version   bigint NOT NULL DEFAULT 1
);

-- The key by which push services recognise this installation (RFC 8292). Browsers bind their
-- subscriptions to it, so it is made once.
CREATE TABLE vapid_keys (
    id             smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    public_key     bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE sessions ADD UNIQUE (tenant_id, id);

-- A browser that gets notifications for one session. The digest is that of its address.
CREATE TABLE push_subscriptions (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    user_id    uuid NOT NULL,
    session_id uuid NOT NULL,
    digest     bytea NOT NULL UNIQUE,
    sealed     bytea NOT NULL,
    device     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (tenant_id, user_id);
CREATE INDEX push_subscriptions_session ON push_subscriptions (tenant_id, session_id);

-- Notifications on their way to a browser. The text is read when one is sent.
CREATE TABLE push_sends (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    id              uuid NOT NULL DEFAULT uuidv7(),
    subscription_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    kind            text NOT NULL
        CHECK (kind IN ('new_message', 'assignment', 'mention', 'new_conversation')),
    conversation_id uuid NOT NULL,
    version         bigint NOT NULL,
    message_id      uuid,
    status          text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'gone', 'dropped')),
    attempts        integer NOT NULL DEFAULT 0,
    next_at         timestamptz NOT NULL,
    code            text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (subscription_id, conversation_id, version, kind)
);
CREATE INDEX push_sends_due ON push_sends (next_at) WHERE status IN ('queued', 'sending');
CREATE INDEX push_sends_age ON push_sends (created_at);

-- How far the log was read for notifications.
CREATE TABLE push_positions (
    id              smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    xid             xid8 NOT NULL,
    conversation_id uuid NOT NULL,
    version         bigint NOT NULL,
    read_at         timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['canned_responses', 'canned_response_files', 'preferences',
                             'user_photos', 'pause_reasons', 'push_subscriptions', 'push_sends'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_rows ON %I TO niochat_app'
                       ' USING (tenant_id = (SELECT current_tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END $$;
CREATE POLICY path ON canned_response_files FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON preferences FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON push_subscriptions TO niochat_system USING (true) WITH CHECK (true);
CREATE POLICY path ON push_sends TO niochat_system USING (true) WITH CHECK (true);
CREATE POLICY gate ON user_photos FOR SELECT TO niochat_gate USING (true);
CREATE POLICY gate ON push_subscriptions TO niochat_gate USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON canned_responses, canned_response_files, user_photos
    TO niochat_app;
GRANT SELECT, INSERT, UPDATE ON preferences, pause_reasons TO niochat_app;
GRANT SELECT (tenant_id, id, user_id, device, created_at), DELETE ON push_subscriptions
    TO niochat_app;
GRANT SELECT ON push_sends TO niochat_app;
GRANT SELECT ON canned_response_files, preferences TO niochat_system;
GRANT SELECT, UPDATE, DELETE ON push_subscriptions TO niochat_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON push_sends TO niochat_system;
GRANT SELECT, INSERT, UPDATE ON push_positions TO niochat_system;
GRANT SELECT (tenant_id, user_id, digest) ON user_photos TO niochat_gate;
GRANT SELECT, INSERT, UPDATE, DELETE ON push_subscriptions TO niochat_gate;
GRANT SELECT, INSERT, UPDATE ON vapid_keys TO niochat_gate;
