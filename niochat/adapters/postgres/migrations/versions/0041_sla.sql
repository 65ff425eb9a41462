SET lock_timeout = '5s';

-- What a provider promises. Of the enabled policies that match a conversation, the first one by
-- `position` applies. Empty conditions match any conversation; targets are seconds.
CREATE TABLE sla_policies (
    tenant_id      uuid NOT NULL REFERENCES tenants,
    id             uuid NOT NULL DEFAULT uuidv7(),
    name           text NOT NULL,
    enabled        boolean NOT NULL DEFAULT true,
    position       integer NOT NULL,
    teams          text[] NOT NULL DEFAULT '{}',
    priorities     smallint[] NOT NULL DEFAULT '{}',
    labels         text[] NOT NULL DEFAULT '{}',
    first_answer_s integer CHECK (first_answer_s > 0),
    next_answer_s  integer CHECK (next_answer_s > 0),
    resolution_s   integer CHECK (resolution_s > 0),
    business_hours boolean NOT NULL DEFAULT true,
    warn_percent   smallint NOT NULL DEFAULT 80 CHECK (warn_percent BETWEEN 1 AND 99),
    version        integer NOT NULL DEFAULT 1,
    changed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CHECK (coalesce(first_answer_s, next_answer_s, resolution_s) IS NOT NULL)
);

-- Tenants that have had a policy. `revision` grows with each change of policies; clocks that were
-- computed under an older revision are computed again. What happened before `since` was not promised.
CREATE TABLE sla_tenants (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    revision  bigint NOT NULL DEFAULT 1,
    refreshed bigint NOT NULL DEFAULT 0,
    since     timestamptz NOT NULL DEFAULT now()
);

-- How far each conversation is, and what lists show: the clock that is due next.
CREATE TABLE sla_conversations (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL,
    version         bigint NOT NULL,
    revision        bigint NOT NULL,
    progress        jsonb NOT NULL,
    shown           jsonb,
    due_at          timestamptz,
    PRIMARY KEY (tenant_id, conversation_id)
);
CREATE INDEX sla_conversations_due ON sla_conversations (tenant_id, due_at, conversation_id)
    WHERE due_at IS NOT NULL;

-- One row for each promise in each conversation. These rows are facts, unlike the read model: they
-- say under which policy a promise was kept or breached. `due_at` and `warn_at` are set while the
-- clock runs and after they have passed.
CREATE TABLE sla_clocks (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL,
    target          text NOT NULL CHECK (target IN ('first_answer', 'next_answer', 'resolution')),
    number          integer NOT NULL,
    policy_id       uuid,
    policy_name     text,
    team            text,
    agent           text,
    labels          text[] NOT NULL DEFAULT '{}',
    started_at      timestamptz NOT NULL,
    warn_at         timestamptz,
    due_at          timestamptz,
    breached_at     timestamptz,
    ended_at        timestamptz,
    outcome         text CHECK (outcome IN ('reached', 'dropped')),
    warning_logged  boolean NOT NULL DEFAULT false,  -- the command for the log is stored
    breach_logged   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, conversation_id, target, number)
);
CREATE INDEX sla_clocks_warn ON sla_clocks (tenant_id, warn_at)
    WHERE warn_at IS NOT NULL AND NOT warning_logged;
CREATE INDEX sla_clocks_due ON sla_clocks (tenant_id, due_at)
    WHERE due_at IS NOT NULL AND NOT breach_logged;

DO $rights$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sla_policies', 'sla_tenants', 'sla_conversations', 'sla_clocks']
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %s TO niochat_app
            USING (tenant_id = (SELECT current_tenant()))
            WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
    END LOOP;
END $rights$;
GRANT SELECT, INSERT, UPDATE, DELETE ON sla_policies, sla_tenants, sla_conversations, sla_clocks
    TO niochat_app;
-- The watcher asks for all tenants at once, and stores commands in the inbox with what is due.
CREATE POLICY path ON sla_tenants FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON sla_conversations FOR SELECT TO niochat_system USING (true);
CREATE POLICY path ON sla_clocks TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT ON sla_tenants, sla_conversations TO niochat_system;
GRANT SELECT, UPDATE ON sla_clocks TO niochat_system;

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
       c.rating_status, c.rating_score,
       (SELECT s.shown FROM sla_conversations s
         WHERE s.tenant_id = c.tenant_id AND s.conversation_id = c.id) AS sla
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id;
