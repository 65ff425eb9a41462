-- name: claim
-- Claims a file for one attempt to read it: nobody else may try for $4 seconds. $3 is the process;
-- a claim of a former process ends at once. `too_many` says that the customer has sent more than $5
-- files within the hour.
WITH taken AS (
    UPDATE readings SET attempts = attempts + 1, taken_by = $3,
                        next_at = now() + make_interval(secs => $4)
     WHERE tenant_id = $1 AND file_id = $2 AND status || '' = 'wanted'
       AND (next_at <= now() OR taken_by <> $3)
    RETURNING *
)
SELECT r.thread_id, r.message_id, r.sort, r.said_seconds, r.attempts, m.conversation_id,
       a.mimetype, a.filename, a.size,
       r.created_at < now() - interval '1 day' AS too_old,
       (SELECT count(*) FROM (SELECT FROM readings o
                               WHERE o.tenant_id = r.tenant_id AND o.thread_id = r.thread_id
                                 AND o.created_at > now() - interval '1 hour'
                                 AND o.created_at <= r.created_at LIMIT $5::int + 1) AS newest) > $5::int
           AS too_many
  FROM taken r
  JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.message_id
  JOIN attachments a ON a.tenant_id = r.tenant_id AND a.id = r.file_id

-- name: postpone
-- Postpones the next attempt.
UPDATE readings SET next_at = now() + make_interval(secs => $3), taken_by = NULL
 WHERE tenant_id = $1 AND file_id = $2 AND status || '' = 'wanted'

-- name: list_due
-- Files of these shards that are due for reading, or were claimed by a process other than $3,
-- longest due first.
SELECT tenant_id, file_id FROM readings
 WHERE status = 'wanted' AND shard = ANY ($1::smallint[]) AND (next_at <= now() OR taken_by <> $3)
 ORDER BY next_at LIMIT $2
