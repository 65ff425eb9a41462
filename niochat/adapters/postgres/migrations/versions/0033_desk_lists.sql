SET lock_timeout = '5s';

-- A contact has labels, and may be blocked. A step reads its thread's row anyway, so the thread says
-- it too: whoever changes the one changes the other, under the lock of the contact.
ALTER TABLE contacts ADD COLUMN labels text[] NOT NULL DEFAULT '{}', ADD COLUMN blocked_at timestamptz;
CREATE INDEX contacts_labelled ON contacts (tenant_id, id) WHERE labels <> '{}';
ALTER TABLE threads ADD COLUMN blocked boolean NOT NULL DEFAULT false;

-- Lists by opening, of unresolved and of resolved conversations. A step writes as many indexes as
-- before: lists of unresolved conversations by change are walked along conversations_by_change, one
-- status after the other. `resolved_at` and not the status: else the planner would look here for the
-- resolved conversations of one thread.
CREATE INDEX conversations_opened ON conversations (tenant_id, opened_at, id)
    WHERE resolved_at IS NULL;
CREATE INDEX conversations_opened_before ON conversations (tenant_id, opened_at, id)
    WHERE resolved_at IS NOT NULL;
DROP INDEX conversations_live;

-- What a row of a list says besides the conversation. The last column costs one look at an index,
-- and only those who select it pay for it.
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
                   'sent_at', m.sent_at, 'status', m.status, 'deleted', m.deleted_at IS NOT NULL)
          FROM messages m
         WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id
         ORDER BY m.version DESC LIMIT 1) AS last_message
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id;
