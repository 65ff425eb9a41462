SET lock_timeout = '5s';

-- A message's file and reading by their keys. Row-level security lets a comparison with an
-- expression use no index, unless it stands in a subquery with LIMIT: all files of the tenant were
-- read for each message that a screen shows.
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
  LEFT JOIN LATERAL (SELECT * FROM attachments f
                      WHERE f.tenant_id = m.tenant_id
                        AND f.id = (m.details ->> 'attachment')::uuid LIMIT 1) AS a ON true
  LEFT JOIN LATERAL (SELECT * FROM readings g
                      WHERE g.tenant_id = m.tenant_id AND g.message_id = m.id LIMIT 1) AS r ON true;
