-- name: add
-- Inserts an uploaded file, whose bytes are in the store already.
INSERT INTO attachments (tenant_id, id, mimetype, filename, size, sha256, uploaded_by, voice,
                         width, height, duration_s, waveform)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: find
-- A stored file.
SELECT id, mimetype, filename, size, data FROM attachments
 WHERE tenant_id = $1 AND id = $2 AND status = 'kept'

-- name: find_upload
-- An uploaded file that may be sent.
SELECT id, mimetype, filename, size, voice FROM attachments
 WHERE tenant_id = $1 AND id = $2 AND status = 'kept' AND uploaded_by IS NOT NULL

-- name: claim
-- Claims a customer's file for one attempt to fetch it: nobody else may try for $3 seconds.
WITH taken AS (
    UPDATE attachments SET attempts = attempts + 1, next_at = now() + make_interval(secs => $3)
     WHERE tenant_id = $1 AND id = $2 AND status || '' = 'wanted' AND next_at <= now()
    RETURNING *
)
SELECT a.thread_id, a.message_id, a.external_id, a.filename, a.attempts, m.conversation_id,
       a.created_at < now() - interval '2 days' AS too_old,
       c.kind AS channel_kind, c.base_url, c.token_sealed
  FROM taken a
  JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
  JOIN threads t ON t.tenant_id = a.tenant_id AND t.id = a.thread_id
  JOIN channels c ON c.tenant_id = t.tenant_id AND c.id = t.channel_id

-- name: describe
-- Stores what the bytes of a customer's file show, before the file counts as stored.
UPDATE attachments SET width = $3, height = $4, duration_s = $5
 WHERE tenant_id = $1 AND id = $2 AND status || '' = 'wanted'

-- name: postpone
-- Postpones the next attempt.
UPDATE attachments SET next_at = now() + make_interval(secs => $3)
 WHERE tenant_id = $1 AND id = $2 AND status || '' = 'wanted'

-- name: list_due
-- Files of these shards that are due, longest due first.
SELECT tenant_id, id FROM attachments
 WHERE status = 'wanted' AND shard = ANY ($1::smallint[]) AND next_at <= now()
 ORDER BY next_at LIMIT $2

-- name: list_unused
-- Files that were uploaded, or prepared by a cancelled turn, and that neither a send nor a canned
-- response refers to.
SELECT a.tenant_id, a.id, a.data IS NULL AS stored FROM attachments a
 WHERE a.created_at < now() - interval '1 day' AND a.message_id IS NULL
   AND NOT EXISTS (SELECT FROM outbox o
                    WHERE o.tenant_id = a.tenant_id AND o.attachment_id = a.id)
   AND NOT EXISTS (SELECT FROM canned_response_files f
                    WHERE f.tenant_id = a.tenant_id AND f.file_id = a.id)
 LIMIT $1

-- name: delete_unused
-- Deletes the rows of unused files, whose bytes are deleted already.
DELETE FROM attachments a
 USING unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
 WHERE a.tenant_id = x.tenant_id AND a.id = x.id
   AND NOT EXISTS (SELECT FROM outbox o
                    WHERE o.tenant_id = a.tenant_id AND o.attachment_id = a.id)
   AND NOT EXISTS (SELECT FROM canned_response_files f
                    WHERE f.tenant_id = a.tenant_id AND f.file_id = a.id)
