SET lock_timeout = '5s';

-- What a customer's file says: a row from the moment it is wanted, written once. `waiting`: for the
-- file itself; `wanted`: for whoever reads it; then `read` or `failed`.
CREATE TABLE readings (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    message_id  uuid NOT NULL,
    file_id     uuid NOT NULL,
    thread_id   uuid NOT NULL,
    shard       smallint GENERATED ALWAYS AS (shard_of(thread_id)) STORED,
    sort        text NOT NULL CHECK (sort IN ('voice', 'picture', 'document')),
    status      text NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'wanted', 'read', 'failed')),
    said_seconds double precision NOT NULL,     -- of a voice note, as its sender's phone says
    text        text NOT NULL DEFAULT '',       -- a voice note's words
    facts       jsonb NOT NULL DEFAULT '{}',    -- what a picture or PDF shows
    code        text,                           -- why it failed
    detail      text NOT NULL DEFAULT '',
    model       text NOT NULL DEFAULT '',
    seconds     double precision NOT NULL DEFAULT 0,
    tokens_in   integer NOT NULL DEFAULT 0,
    tokens_out  integer NOT NULL DEFAULT 0,
    cost        numeric NOT NULL DEFAULT 0,
    attempts    integer NOT NULL DEFAULT 0,
    taken_by    text,                           -- incarnation whose try is under way
    next_at     timestamptz NOT NULL DEFAULT now(),
    created_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, file_id) REFERENCES attachments (tenant_id, id),
    FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id)
);
CREATE INDEX readings_file ON readings (tenant_id, file_id);
CREATE INDEX readings_thread ON readings (tenant_id, thread_id, created_at);
CREATE INDEX readings_wanted ON readings (shard, next_at) WHERE status = 'wanted';
ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE readings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON readings TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON readings TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT ON readings TO niochat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON readings TO niochat_system;

CREATE OR REPLACE FUNCTION write_files(steps jsonb, won uuid[]) RETURNS void
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
    IF steps ? 'readings' THEN
        INSERT INTO readings (tenant_id, message_id, file_id, thread_id, sort, said_seconds)
        SELECT x.tenant_id, x.message_id, x.file_id, x.thread_id, x.sort, x.seconds
          FROM jsonb_to_recordset(steps -> 'readings') AS x (
               tenant_id uuid, message_id uuid, file_id uuid, thread_id uuid, sort text,
               seconds double precision)
         WHERE x.thread_id = ANY (won)
            ON CONFLICT (tenant_id, message_id) DO NOTHING;
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
        -- What is here can be read; what will not come cannot.
        UPDATE readings r
           SET status = CASE WHEN x.code = '' THEN 'wanted' ELSE 'failed' END,
               code = nullif(x.code, ''), next_at = now(),
               settled_at = CASE WHEN x.code <> '' THEN now() END
          FROM jsonb_to_recordset(steps -> 'fetched') AS x (
               tenant_id uuid, id uuid, thread_id uuid, code text)
         WHERE r.tenant_id = x.tenant_id AND r.file_id = x.id AND x.thread_id = ANY (won)
           AND r.status || '' = 'waiting';
    END IF;
    IF steps ? 'read' THEN
        UPDATE readings r
           SET status = CASE WHEN x.code = '' THEN 'read' ELSE 'failed' END,
               text = x.text, facts = x.facts, code = nullif(x.code, ''), detail = x.detail,
               model = x.model, seconds = x.seconds, tokens_in = x.tokens_in,
               tokens_out = x.tokens_out, cost = x.cost, taken_by = NULL, settled_at = now()
          FROM jsonb_to_recordset(steps -> 'read') AS x (
               tenant_id uuid, message_id uuid, thread_id uuid, text text, facts jsonb, code text,
               detail text, model text, seconds double precision, tokens_in integer,
               tokens_out integer, cost numeric)
         WHERE r.tenant_id = x.tenant_id AND r.message_id = x.message_id
           AND x.thread_id = ANY (won) AND r.status || '' = 'wanted';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION commit_step(owner text, code_schema smallint, steps jsonb) RETURNS uuid[]
    LANGUAGE plpgsql AS $$
DECLARE
    won uuid[] := fence_step(owner, code_schema, steps);
BEGIN
    IF won <> '{}' THEN
        -- Files first: a message names its own.
        IF steps ?| ARRAY['files', 'fetched', 'readings', 'read'] THEN
            PERFORM write_files(steps, won);
        END IF;
        PERFORM write_step(owner, code_schema, steps, won);
    END IF;
    RETURN won;
END $$;

-- Beside what was said: a voice note's words, and what is known of any file that is read.
CREATE OR REPLACE VIEW shown_messages WITH (security_invoker = true) AS
SELECT m.tenant_id, m.id, m.conversation_id, m.version, m.author, m.kind, m.text, m.details,
       m.external_id, m.reply_to AS quoted, m.status, m.code, m.reactions, m.sent_at, m.stored_at, m.edited_at,
       m.deleted_at,
       (SELECT q.id FROM messages q
         WHERE q.thread_id = m.thread_id AND q.external_id = m.reply_to LIMIT 1) AS reply_to,
       CASE WHEN a.id IS NOT NULL THEN jsonb_build_object(
            'id', a.id, 'status', a.status, 'mimetype', a.mimetype, 'filename', a.filename,
            'size', a.size) END AS file,
       nullif(r.text, '') AS transcript,
       CASE WHEN r.message_id IS NOT NULL THEN jsonb_build_object(
            'status', CASE r.status WHEN 'wanted' THEN 'waiting' ELSE r.status END,
            'code', r.code, 'facts', r.facts) END AS reading
  FROM messages m
  LEFT JOIN attachments a
         ON a.tenant_id = m.tenant_id AND a.id = (m.details ->> 'attachment')::uuid
  -- LIMIT: else all of the tenant's may be read.
  LEFT JOIN LATERAL (SELECT * FROM readings g
                      WHERE g.tenant_id = m.tenant_id AND g.message_id = m.id LIMIT 1) AS r ON true;

-- An assistant that hears and sees, where its tenant wants it to. Empty: not at all, or as the
-- model itself is asked.
ALTER TABLE assistants
    ADD COLUMN transcription_model text NOT NULL DEFAULT '',
    ADD COLUMN transcription_endpoint text NOT NULL DEFAULT '',
    ADD COLUMN transcription_key_sealed bytea,
    ADD COLUMN transcription_price numeric NOT NULL DEFAULT 0,
    ADD COLUMN sees boolean NOT NULL DEFAULT false,
    ADD COLUMN vision_model text NOT NULL DEFAULT '';
