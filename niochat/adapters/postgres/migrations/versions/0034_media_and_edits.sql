SET lock_timeout = '5s';

-- What a screen needs before it opens a file. Only new files have it.
ALTER TABLE attachments
    ADD COLUMN voice boolean NOT NULL DEFAULT false,    -- can be sent as a voice note
    ADD COLUMN width integer,
    ADD COLUMN height integer,
    ADD COLUMN duration_s real,
    ADD COLUMN waveform smallint[];                     -- 64 values from 0 to 100

CREATE OR REPLACE VIEW shown_messages WITH (security_invoker = true) AS
SELECT m.tenant_id, m.id, m.conversation_id, m.version, m.author, m.kind, m.text, m.details,
       m.external_id, m.reply_to AS quoted, m.status, m.code, m.reactions, m.sent_at, m.stored_at, m.edited_at,
       m.deleted_at,
       (SELECT q.id FROM messages q
         WHERE q.thread_id = m.thread_id AND q.external_id = m.reply_to LIMIT 1) AS reply_to,
       CASE WHEN a.id IS NOT NULL THEN jsonb_build_object(
            'id', a.id, 'status', a.status, 'mimetype', a.mimetype, 'filename', a.filename,
            'size', a.size, 'width', a.width, 'height', a.height, 'duration_s', a.duration_s,
            'waveform', coalesce(to_jsonb(a.waveform), m.details -> 'waveform')) END AS file,
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

-- The texts that edits replaced. `version` is the event of the edit, if it has one.
CREATE TABLE replaced_texts (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    id          uuid NOT NULL DEFAULT uuidv7(),
    message_id  uuid NOT NULL,
    version     bigint,
    text        text NOT NULL,
    replaced_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id, id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE replaced_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE replaced_texts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON replaced_texts TO niochat_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
CREATE POLICY path ON replaced_texts TO niochat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON replaced_texts TO niochat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON replaced_texts TO niochat_system;

-- The refused texts of a turn, which a screen shows with it.
CREATE INDEX refused_texts_turn ON refused_texts (tenant_id, turn_id);

-- The function that commits a step is long, and other changes of it stay as they are.
DO $patch$
DECLARE
    before text := pg_get_functiondef('write_step'::regproc);
    after text;
BEGIN
    after := replace(before, $old$    -- NULL leaves what stood there;$old$,
$new$    -- The file of a note is kept although no send refers to it.
    IF steps ? 'note_files' THEN
        UPDATE attachments a SET message_id = x.message_id
          FROM jsonb_to_recordset(steps -> 'note_files') AS x (
               thread_id uuid, tenant_id uuid, id uuid, message_id uuid)
         WHERE a.tenant_id = x.tenant_id AND a.id = x.id AND x.thread_id = ANY (won)
           AND a.message_id IS NULL;
    END IF;
    -- NULL leaves what stood there;$new$);
    after := replace(after, $old$    FOR part IN SELECT jsonb_array_elements(steps -> 'changes') LOOP
$old$, $new$    FOR part IN SELECT jsonb_array_elements(steps -> 'changes') LOOP
        IF jsonb_path_exists(part, '$[*].text ? (@ != null)') THEN
            INSERT INTO replaced_texts (tenant_id, message_id, version, text, replaced_at)
            SELECT m.tenant_id, m.id, x.version, m.text, x.at
              FROM jsonb_to_recordset(part) AS x (
                   thread_id uuid, tenant_id uuid, id uuid, text text, version bigint,
                   at timestamptz)
              JOIN messages m ON m.tenant_id = x.tenant_id AND m.id = x.id
             WHERE m.text IS DISTINCT FROM x.text AND x.text IS NOT NULL AND x.thread_id = ANY (won);
        END IF;
$new$);
    IF after NOT LIKE '%note_files%' OR after NOT LIKE '%replaced_texts%' THEN
        RAISE EXCEPTION 'write_step does not look as expected';
    END IF;
    EXECUTE after;
END $patch$;
