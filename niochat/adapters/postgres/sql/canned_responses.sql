-- name: list
-- The responses that a user can use: shared ones, those of the teams $3, and the user's own. With
-- $4 those of all teams.
SELECT r.id, r.shortcut, r.title, r.text, r.scope, r.team, r.version, r.changed_at,
       ARRAY(SELECT jsonb_build_object('id', a.id, 'mimetype', a.mimetype, 'filename', a.filename,
                                       'size', a.size, 'voice', a.voice, 'width', a.width,
                                       'height', a.height, 'duration_s', a.duration_s,
                                       'waveform', a.waveform)
               FROM canned_response_files f
               JOIN attachments a ON a.tenant_id = f.tenant_id AND a.id = f.file_id
              WHERE f.tenant_id = r.tenant_id AND f.response_id = r.id
              ORDER BY f.position) AS files
  FROM canned_responses r
 WHERE r.tenant_id = $1
   AND (r.scope = 'shared' OR r.owner_id = $2 OR r.team = ANY ($3::text[])
        OR ($4 AND r.scope = 'team'))
 ORDER BY r.shortcut, r.id

-- name: find
-- One of these responses.
SELECT r.id, r.shortcut, r.title, r.text, r.scope, r.team, r.version, r.changed_at,
       ARRAY(SELECT jsonb_build_object('id', a.id, 'mimetype', a.mimetype, 'filename', a.filename,
                                       'size', a.size, 'voice', a.voice, 'width', a.width,
                                       'height', a.height, 'duration_s', a.duration_s,
                                       'waveform', a.waveform)
               FROM canned_response_files f
               JOIN attachments a ON a.tenant_id = f.tenant_id AND a.id = f.file_id
              WHERE f.tenant_id = r.tenant_id AND f.response_id = r.id
              ORDER BY f.position) AS files
  FROM canned_responses r
 WHERE r.tenant_id = $1 AND r.id = $5
   AND (r.scope = 'shared' OR r.owner_id = $2 OR r.team = ANY ($3::text[])
        OR ($4 AND r.scope = 'team'))

-- name: lock
-- Locks a response until the transaction ends.
SELECT FROM canned_responses WHERE tenant_id = $1 AND id = $2 FOR UPDATE

-- name: lock_scope
-- Lets one request at a time count and add the responses of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('canned_responses:' || $1::uuid::text, 0))

-- name: count
-- The number of responses of this scope, of one user if it is personal.
SELECT count(*) FROM canned_responses
 WHERE tenant_id = $1 AND owner_id IS NOT DISTINCT FROM $2::uuid

-- name: team_exists
-- Whether the team exists.
SELECT EXISTS (SELECT FROM teams WHERE tenant_id = $1 AND slug = $2)

-- name: is_taken
-- Whether another response of the same scope has the shortcut.
SELECT EXISTS (SELECT FROM canned_responses
                WHERE tenant_id = $1 AND shortcut = $2 AND team IS NOT DISTINCT FROM $3
                  AND owner_id IS NOT DISTINCT FROM $4::uuid AND id IS DISTINCT FROM $5::uuid)

-- name: create
-- Inserts a response.
INSERT INTO canned_responses (tenant_id, shortcut, title, text, scope, team, owner_id)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id

-- name: update
-- Replaces a response.
UPDATE canned_responses
   SET shortcut = $3, title = $4, text = $5, scope = $6, team = $7, owner_id = $8,
       version = version + 1, changed_at = now()
 WHERE tenant_id = $1 AND id = $2

-- name: delete
-- Deletes a response; its files are collected if nothing else uses them.
DELETE FROM canned_responses WHERE tenant_id = $1 AND id = $2

-- name: usable_files
-- Those of these uploads that may be kept. One that nothing keeps may be collected a day after its
-- upload, so that an old one is refused while its bytes may be on their way out.
SELECT a.id FROM attachments a
 WHERE a.tenant_id = $1 AND a.id = ANY ($2::uuid[]) AND a.status = 'kept'
   AND a.uploaded_by IS NOT NULL
   AND (a.created_at > now() - interval '23 hours'
        OR EXISTS (SELECT FROM canned_response_files f
                    WHERE f.tenant_id = a.tenant_id AND f.file_id = a.id)
        OR EXISTS (SELECT FROM outbox o
                    WHERE o.tenant_id = a.tenant_id AND o.attachment_id = a.id))
   FOR KEY SHARE

-- name: delete_files
-- Removes the files of a response.
DELETE FROM canned_response_files WHERE tenant_id = $1 AND response_id = $2

-- name: insert_files
-- Adds files to a response, in this order.
INSERT INTO canned_response_files (tenant_id, response_id, position, file_id)
SELECT $1, $2, x.number, x.id FROM unnest($3::uuid[]) WITH ORDINALITY AS x (id, number)

-- name: has_file
-- Whether a response has the file.
SELECT EXISTS (SELECT FROM canned_response_files
                WHERE tenant_id = $1 AND response_id = $2 AND file_id = $3)
