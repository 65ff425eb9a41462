SET lock_timeout = '5s';

-- Reports that are sent by e-mail. `next_at` is when the next one is due, in the provider's time.
CREATE TABLE report_schedules (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    id             uuid NOT NULL DEFAULT uuidv7(),
    name           text NOT NULL,
    metrics        text[] NOT NULL,
    grouping       text NOT NULL,
    filters        jsonb NOT NULL DEFAULT '{}',
    business_hours boolean NOT NULL DEFAULT false,
    cadence        text NOT NULL CHECK (cadence IN ('day', 'week', 'month')),
    hour           integer NOT NULL CHECK (hour BETWEEN 0 AND 23),
    file_format    text NOT NULL CHECK (file_format IN ('pdf', 'xlsx', 'csv')),
    language       text NOT NULL CHECK (language IN ('pt', 'en')),
    recipients     text[] NOT NULL,
    active         boolean NOT NULL DEFAULT true,
    version        integer NOT NULL DEFAULT 1,
    changed_at     timestamptz NOT NULL DEFAULT now(),
    next_at        timestamptz NOT NULL,
    claimed_until  timestamptz NOT NULL DEFAULT '-infinity',
    attempts       integer NOT NULL DEFAULT 0,     -- of the one that is due
    sent_at        timestamptz,
    failure        text,                           -- a code; why the last attempt sent nothing
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX report_schedules_due ON report_schedules (next_at) WHERE active;

ALTER TABLE report_schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE report_schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON report_schedules TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON report_schedules TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON report_schedules TO niochat_app;
GRANT SELECT, UPDATE ON report_schedules TO niochat_system;
