-- name: lock_tenant
-- Lets one request at a time count and add the export jobs of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('report_exports:' || $1::uuid::text, 0))

-- name: count_unfinished
-- The unfinished jobs of a tenant, and those of one requester among them.
SELECT count(*) AS of_tenant, count(*) FILTER (WHERE requester_id = $2) AS of_requester
  FROM report_exports WHERE tenant_id = $1 AND state IN ('queued', 'running')

-- name: create
-- Inserts a job.
INSERT INTO report_exports (tenant_id, requester_kind, requester_id, metric, grouping, key, filters,
                            since, until, file_format, language)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id

-- name: list
-- The jobs of a requester, newest first, after the one with an id ($3).
SELECT e.id, e.metric, e.grouping AS group_by, e.key, e.filters, e.since, e.until, e.file_format,
       e.state, e.rows_expected, e.rows_written, e.failure, e.file_bytes, e.created_at,
       e.finished_at, e.expires_at
  FROM report_exports e
 WHERE e.tenant_id = $1 AND e.requester_id = $2 AND e.removed_at IS NULL
   AND ($3::uuid IS NULL OR e.id < $3)
 ORDER BY e.id DESC LIMIT $4

-- name: find
-- One of them ($3), with what its file has.
SELECT e.id, e.metric, e.grouping AS group_by, e.key, e.filters, e.since, e.until, e.file_format,
       e.state, e.rows_expected, e.rows_written, e.failure, e.file_bytes, e.created_at,
       e.finished_at, e.expires_at, e.scopes, e.file_attempt
  FROM report_exports e
 WHERE e.tenant_id = $1 AND e.requester_id = $2 AND e.id = $3 AND e.removed_at IS NULL

-- name: cancel
-- Cancels an unfinished job. The process that works on it changes nothing any more.
UPDATE report_exports SET state = 'cancelled', finished_at = now()
 WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'running') RETURNING id

-- name: remove
-- Hides a finished job and makes its file due for deletion.
UPDATE report_exports SET removed_at = now()
 WHERE tenant_id = $1 AND id = $2 AND state NOT IN ('queued', 'running') AND removed_at IS NULL
RETURNING id

-- name: lock_claims
-- Lets one process at a time claim, so that two do not begin two jobs of one tenant.
SELECT pg_advisory_xact_lock(hashtextextended('report_exports', 0))

-- name: claim
-- Claims one job for $1 seconds: one whose process has died, or one of a tenant without a running
-- job. The tenant whose last job is oldest is next.
UPDATE report_exports e
   SET state = 'running', attempts = attempts + 1, rows_written = 0, rows_expected = NULL,
       claimed_until = now() + make_interval(secs => $1)
  FROM (SELECT q.tenant_id, q.id, t.name AS provider, t.timezone
          FROM report_exports q JOIN tenants t USING (tenant_id)
         WHERE q.state IN ('queued', 'running') AND q.claimed_until <= now()
           AND (q.state = 'running' OR NOT EXISTS (
                SELECT FROM report_exports r
                 WHERE r.tenant_id = q.tenant_id AND r.state = 'running'))
         ORDER BY q.state = 'running' DESC,
                  (SELECT max(f.finished_at) FROM report_exports f
                    WHERE f.tenant_id = q.tenant_id) NULLS FIRST, q.created_at, q.id
         LIMIT 1 FOR UPDATE OF q SKIP LOCKED) AS due
 WHERE e.tenant_id = due.tenant_id AND e.id = due.id
RETURNING e.*, due.provider, due.timezone

-- name: advance
-- Stores the progress of an attempt ($3) and keeps the claim for $6 seconds. No row: the job was
-- cancelled, or another process has it.
UPDATE report_exports
   SET rows_written = $4, rows_expected = $5, claimed_until = now() + make_interval(secs => $6)
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running' RETURNING id

-- name: finish
-- Ends an attempt ($3) whose file of $5 bytes is stored; says whether the requester has waited for
-- more than $8 seconds. No row: the job was cancelled, or another process has it.
UPDATE report_exports
   SET state = 'done', file_attempt = attempts, rows_written = $4, rows_expected = $4,
       file_bytes = $5, scopes = $6, finished_at = now(), expires_at = now() + $7::interval,
       claimed_until = '-infinity'
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'
RETURNING created_at <= now() - make_interval(secs => $8) AS waited

-- name: fail
-- Ends a job whose attempt ($3) cannot succeed; says the same.
UPDATE report_exports
   SET state = 'failed', failure = $4, finished_at = now(), claimed_until = '-infinity'
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'
RETURNING created_at <= now() - make_interval(secs => $5) AS waited

-- name: postpone
-- Gives an attempt ($3) back; the next one may begin after $4 seconds.
UPDATE report_exports
   SET state = 'queued', rows_written = 0, rows_expected = NULL,
       claimed_until = now() + make_interval(secs => $4)
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running' RETURNING id

-- name: list_expired
-- Jobs whose files are to be deleted.
SELECT tenant_id, id, attempts FROM report_exports
 WHERE finished_at IS NOT NULL AND state = 'done' AND removed_at IS NULL AND expires_at <= now()
 ORDER BY finished_at LIMIT $1

-- name: mark_expired
-- Says that the files of these jobs are deleted.
UPDATE report_exports e SET state = 'expired'
  FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
 WHERE e.tenant_id = x.tenant_id AND e.id = x.id AND e.state = 'done'

-- name: list_removable
-- Jobs that are to be deleted with their files: removed by their requester, or finished for longer
-- than $2. Whoever still works on a cancelled one comes first to the end of its claim.
SELECT tenant_id, id, attempts FROM report_exports
 WHERE finished_at IS NOT NULL AND claimed_until <= now()
   AND (removed_at IS NOT NULL OR state <> 'done' AND finished_at <= now() - $2::interval)
 ORDER BY finished_at LIMIT $1

-- name: delete
-- Deletes the rows of jobs, whose files are deleted already.
DELETE FROM report_exports e
 USING unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
 WHERE e.tenant_id = x.tenant_id AND e.id = x.id AND e.state NOT IN ('queued', 'running')
