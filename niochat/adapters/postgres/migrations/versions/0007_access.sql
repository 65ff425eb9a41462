SET lock_timeout = '5s';

-- Who signs in is not known to belong to a tenant before it has signed in: the gate's role reads
-- and writes these few tables of all tenants, and no other table but the tenants' standing.
DO $$
BEGIN
    BEGIN
        CREATE ROLE niochat_gate NOLOGIN NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- roles belong to the whole server: another database made it
    END;
    IF NOT pg_has_role(current_user, 'niochat_gate', 'SET') THEN
        EXECUTE format('GRANT niochat_gate TO %I WITH SET TRUE, INHERIT FALSE', current_user);
    END IF;
END $$;

ALTER TABLE tenants ADD COLUMN session_idle interval NOT NULL DEFAULT '12 hours'
    CHECK (session_idle BETWEEN interval '5 minutes' AND interval '30 days');

-- Roles a tenant made itself; the built-in ones are the code's (domain/permissions.py).
CREATE TABLE roles (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    permissions text[] NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id     uuid REFERENCES tenants,      -- NULL: of the platform
    login         text NOT NULL UNIQUE CHECK (login = lower(login)),
    name          text NOT NULL,
    role          text NOT NULL,
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'disabled')),
    password_hash text,                         -- argon2id; NULL until the invitation is taken
    totp_sealed   bytea,
    totp_since    timestamptz,                  -- NULL: not confirmed, so not asked for
    totp_step     bigint NOT NULL DEFAULT 0,    -- the last time step that was used: no code twice
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    CHECK ((role = 'superuser') = (tenant_id IS NULL))
);
CREATE TABLE team_members (
    tenant_id uuid NOT NULL,
    team      text NOT NULL,
    user_id   uuid NOT NULL,
    PRIMARY KEY (tenant_id, team, user_id),
    FOREIGN KEY (tenant_id, team) REFERENCES teams (tenant_id, slug),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX team_members_user ON team_members (tenant_id, user_id);
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    digest  bytea NOT NULL,                     -- sha256 of a long random code
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);
-- A session is a family of refresh tokens: one log-in on one device.
CREATE TABLE sessions (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id     uuid REFERENCES tenants,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    address       text NOT NULL,
    agent         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    seen_at       timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    ended_by      text,                         -- logout, everywhere, revoked, reuse, idle, password
    acting_tenant uuid REFERENCES tenants,      -- where a superuser has switched to
    acting_until  timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE TABLE refresh_tokens (
    digest     bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
-- Invitations and password resets.
CREATE TABLE one_time_links (
    digest     bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX one_time_links_user ON one_time_links (user_id);
CREATE TABLE api_keys (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    id           uuid NOT NULL DEFAULT uuidv7() UNIQUE,
    name         text NOT NULL,
    digest       bytea NOT NULL UNIQUE,
    hint         text NOT NULL,                 -- its first characters, to tell it from others
    permissions  text[] NOT NULL,
    created_by   uuid NOT NULL,                 -- a user, a superuser inside, or another key
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (tenant_id, name) WHERE revoked_at IS NULL;
CREATE TABLE signing_keys (
    id             text PRIMARY KEY,
    public_key     bytea NOT NULL,
    private_sealed bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
-- A ticket opens one socket, once, within seconds: an access token never travels in an address.
CREATE TABLE tickets (
    digest     bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX tickets_session ON tickets (session_id);
-- Failed attempts by account and by address; a row is over when its window is.
CREATE TABLE attempts (
    key      text PRIMARY KEY,                  -- 'account:…' or 'address:…', digested
    failures integer NOT NULL,
    since    timestamptz NOT NULL
);
-- Mail that has to leave; what it says is sealed, as links in it open accounts.
CREATE TABLE mails (
    id         uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant_id  uuid REFERENCES tenants,
    recipient  text NOT NULL,
    sealed     bytea NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    next_at    timestamptz NOT NULL DEFAULT now(),
    status     text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mails_due ON mails (next_at) WHERE status = 'queued';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['roles', 'users', 'team_members', 'sessions', 'api_keys', 'mails'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO niochat_app
             USING (tenant_id = (SELECT current_tenant()))
             WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
        EXECUTE format('CREATE POLICY gate ON %I TO niochat_gate USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;
CREATE POLICY gate ON tenants FOR SELECT TO niochat_gate USING (true);
GRANT SELECT ON tenants, roles, team_members TO niochat_gate;
GRANT SELECT, INSERT, UPDATE ON users, sessions, mails TO niochat_gate;
GRANT SELECT, UPDATE ON api_keys TO niochat_gate;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON recovery_codes, refresh_tokens, one_time_links, tickets, signing_keys, attempts
    TO niochat_gate;
GRANT DELETE ON mails, sessions TO niochat_gate;
-- What an administrator of a tenant looks at and changes: never a hash or a seal.
GRANT SELECT (id, tenant_id, login, name, role, status, totp_since, created_at),
      INSERT (id, tenant_id, login, name, role, status),
      UPDATE (name, role, status) ON users TO niochat_app;
GRANT SELECT, UPDATE (ended_at, ended_by) ON sessions TO niochat_app;
GRANT SELECT (tenant_id, id, name, hint, permissions, created_by, created_at, expires_at,
              last_used_at, revoked_at),
      INSERT, UPDATE (revoked_at) ON api_keys TO niochat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON roles, team_members TO niochat_app;
GRANT SELECT (id, tenant_id, recipient, attempts, next_at, status, created_at) ON mails TO niochat_app;
