SET lock_timeout = '5s';

-- Files of messages. What the assistant attaches lies in `data`; the bytes of all others in the
-- installation's file store under `<tenant>/<id>`, and here is what is known of them.
ALTER TABLE attachments
    ALTER COLUMN data DROP NOT NULL,
    ADD COLUMN status text NOT NULL DEFAULT 'kept' CHECK (status IN ('wanted', 'kept', 'missing')),
    ADD COLUMN size bigint,
    ADD COLUMN sha256 text,
    ADD COLUMN code text,                       -- why it is missing
    ADD COLUMN uploaded_by uuid,                -- a user; NULL: the assistant's, or a customer's
    -- Of a customer's file, until it is fetched from the gateway:
    ADD COLUMN thread_id uuid,
    ADD COLUMN message_id uuid,
    ADD COLUMN external_id text,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN next_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN shard smallint GENERATED ALWAYS AS (shard_of(thread_id)) STORED,
    ADD FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id);
CREATE INDEX attachments_wanted ON attachments (shard, next_at) WHERE status = 'wanted';
-- A person may answer with more kinds of files, and change what has left.
ALTER TABLE outbox
    DROP CONSTRAINT outbox_kind_check,
    ADD CONSTRAINT outbox_kind_check CHECK (kind IN (
        'text', 'image', 'video', 'audio', 'voice', 'sticker', 'document', 'edit', 'deletion',
        'reaction')) NOT VALID;
ALTER TABLE outbox VALIDATE CONSTRAINT outbox_kind_check;

-- Files that a step wants, and what became of them.
CREATE FUNCTION write_files(steps jsonb, won uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF steps ? 'files' THEN
        INSERT INTO attachments (tenant_id, id, mimetype, filename, status, thread_id, message_id,
                                 external_id)
        SELECT x.tenant_id, x.id, '', x.filename, 'wanted', x.thread_id, x.message_id, x.external_id
          FROM jsonb_to_recordset(steps -> 'files') AS x (
               tenant_id uuid, id uuid, filename text, thread_id uuid, message_id uuid,
               external_id text)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, id) DO NOTHING;
    END IF;
    IF steps ? 'fetched' THEN
        UPDATE attachments a
           SET status = CASE WHEN x.code = '' THEN 'kept' ELSE 'missing' END,
               mimetype = x.mimetype, filename = x.filename, size = x.size, sha256 = x.sha256,
               code = nullif(x.code, '')
          FROM jsonb_to_recordset(steps -> 'fetched') AS x (
               tenant_id uuid, id uuid, thread_id uuid, mimetype text, filename text, size bigint,
               sha256 text, code text)
         WHERE a.tenant_id = x.tenant_id AND a.id = x.id AND x.thread_id = ANY (won)
           AND a.status || '' <> 'kept';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION commit_step(owner text, code_schema smallint, steps jsonb) RETURNS uuid[]
    LANGUAGE plpgsql AS $$
DECLARE
    won uuid[] := fence_step(owner, code_schema, steps);
BEGIN
    IF won <> '{}' THEN
        -- Files first: a message names its own.
        IF steps ?| ARRAY['files', 'fetched'] THEN
            PERFORM write_files(steps, won);
        END IF;
        PERFORM write_step(owner, code_schema, steps, won);
    END IF;
    RETURN won;
END $$;

-- ---------------------------------------------------------------- as people see them
-- They run with the rights of who asks, so row-level security holds.
CREATE VIEW shown_conversations WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at,
       c.changed_at, c.resolved_at, c.waiting_since, c.priority, c.labels, c.snoozed_until,
       c.thread_id, t.channel_id, k.id AS contact_id, k.name AS contact,
       (SELECT i.value FROM identities i WHERE i.tenant_id = c.tenant_id
          AND i.contact_id = k.id AND i.kind = 'phone' LIMIT 1) AS phone
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
  JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id;

CREATE VIEW shown_messages WITH (security_invoker = true) AS
SELECT m.tenant_id, m.id, m.conversation_id, m.version, m.author, m.kind, m.text, m.details,
       m.external_id, m.reply_to AS quoted, m.status, m.code, m.reactions, m.sent_at, m.stored_at, m.edited_at,
       m.deleted_at,
       (SELECT q.id FROM messages q
         WHERE q.thread_id = m.thread_id AND q.external_id = m.reply_to LIMIT 1) AS reply_to,
       CASE WHEN a.id IS NOT NULL THEN jsonb_build_object(
            'id', a.id, 'status', a.status, 'mimetype', a.mimetype, 'filename', a.filename,
            'size', a.size) END AS file
  FROM messages m
  LEFT JOIN attachments a
         ON a.tenant_id = m.tenant_id AND a.id = (m.details ->> 'attachment')::uuid;
GRANT SELECT ON shown_conversations, shown_messages TO niochat_app, niochat_system;
