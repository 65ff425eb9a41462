SET lock_timeout = '5s';

-- When to alert and whom to tell. The columns from `evaluated_at` on say how far the rule is.
CREATE TABLE alert_rules (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    id              uuid NOT NULL DEFAULT uuidv7(),
    name            text NOT NULL,
    kind            text NOT NULL,
    threshold       double precision NOT NULL,
    clear_threshold double precision NOT NULL,
    hold_minutes    integer NOT NULL,
    window_minutes  integer,
    team            text,
    quiet_from      time,
    quiet_until     time,
    emails          text[] NOT NULL DEFAULT '{}',
    webhook_url     text,
    secret_sealed   bytea,                         -- of the webhook
    active          boolean NOT NULL DEFAULT true,
    version         integer NOT NULL DEFAULT 1,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    evaluated_at    timestamptz NOT NULL DEFAULT '-infinity',
    value           double precision,              -- null: not known
    bad_since       timestamptz,
    good_since      timestamptz,
    alert_id        uuid,                          -- the alert that lasts
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX alert_rules_due ON alert_rules (evaluated_at) WHERE active;

-- One row from the beginning of an alert to its end. It says what the rule was then.
CREATE TABLE alerts (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    id         uuid NOT NULL DEFAULT uuidv7(),
    rule_id    uuid NOT NULL,
    name       text NOT NULL,
    kind       text NOT NULL,
    team       text,
    threshold  double precision NOT NULL,
    value      double precision NOT NULL,          -- at the beginning
    worst      double precision NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX alerts_newest ON alerts (tenant_id, started_at DESC, id DESC);
CREATE UNIQUE INDEX alerts_lasting ON alerts (tenant_id, rule_id) WHERE ended_at IS NULL;

-- Who was told of a beginning or an end, and when. `due_at` waits for the end of a quiet time.
CREATE TABLE alert_notices (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    alert_id   uuid NOT NULL,
    change     text NOT NULL CHECK (change IN ('started', 'ended')),
    way        text NOT NULL CHECK (way IN ('email', 'webhook')),
    recipient  text NOT NULL,                      -- an address or a URL
    status     text NOT NULL DEFAULT 'queued'
               CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
    code       text,
    attempts   integer NOT NULL DEFAULT 0,
    mail_id    uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_at    timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, alert_id, change, way, recipient),
    FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX alert_notices_due ON alert_notices (next_at) WHERE status IN ('queued', 'sending');

ALTER TABLE alert_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_rules FORCE ROW LEVEL SECURITY;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
ALTER TABLE alert_notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_notices FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON alert_rules TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY own_rows ON alerts TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY own_rows ON alert_notices TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON alert_rules TO niochat_system USING (true) WITH CHECK (true);
CREATE POLICY path ON alerts TO niochat_system USING (true) WITH CHECK (true);
CREATE POLICY path ON alert_notices TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_rules TO niochat_app;
GRANT SELECT ON alerts, alert_notices TO niochat_app;
GRANT UPDATE (ended_at) ON alerts TO niochat_app;
GRANT SELECT, UPDATE ON alert_rules TO niochat_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON alerts, alert_notices TO niochat_system;

-- Mails about alerts are queued in the transaction that says who was told.
CREATE POLICY alerts ON mails TO niochat_system USING (true) WITH CHECK (true);
GRANT INSERT, SELECT (id, status, attempts) ON mails TO niochat_system;
