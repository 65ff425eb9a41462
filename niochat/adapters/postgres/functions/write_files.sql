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
