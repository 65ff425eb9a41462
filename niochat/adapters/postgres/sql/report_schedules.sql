-- name: list
-- The schedules of a tenant by name.
SELECT s.id, s.name, s.metrics, s.grouping AS group_by, s.filters, s.business_hours, s.cadence,
       s.hour, s.file_format, s.language, s.recipients, s.active, s.version, s.changed_at,
       s.next_at, s.sent_at, s.failure
  FROM report_schedules s WHERE s.tenant_id = $1 ORDER BY s.name, s.id

-- name: find
-- One of these schedules, locked until the transaction ends.
SELECT s.id, s.name, s.metrics, s.grouping AS group_by, s.filters, s.business_hours, s.cadence,
       s.hour, s.file_format, s.language, s.recipients, s.active, s.version, s.changed_at,
       s.next_at, s.sent_at, s.failure
  FROM report_schedules s WHERE s.tenant_id = $1 AND s.id = $2 FOR UPDATE

-- name: lock_tenant
-- Lets one request at a time count and add the schedules of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('report_schedules:' || $1::uuid::text, 0))

-- name: count
-- The number of schedules of a tenant.
SELECT count(*) FROM report_schedules WHERE tenant_id = $1

-- name: timezone
-- The time zone of a tenant.
SELECT timezone FROM tenants WHERE tenant_id = $1

-- name: create
-- Inserts a schedule.
INSERT INTO report_schedules (tenant_id, name, metrics, grouping, filters, business_hours, cadence,
                              hour, file_format, language, recipients, active, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id

-- name: replace
-- Replaces a schedule.
UPDATE report_schedules
   SET name = $3, metrics = $4, grouping = $5, filters = $6, business_hours = $7, cadence = $8,
       hour = $9, file_format = $10, language = $11, recipients = $12, active = $13, next_at = $14,
       version = version + 1, changed_at = now(), attempts = 0, failure = NULL,
       claimed_until = '-infinity'
 WHERE tenant_id = $1 AND id = $2

-- name: delete
-- Deletes a schedule.
DELETE FROM report_schedules WHERE tenant_id = $1 AND id = $2

-- name: make_due
-- Makes a schedule due at $3, which has passed.
UPDATE report_schedules
   SET next_at = $3, attempts = 0, failure = NULL, claimed_until = '-infinity'
 WHERE tenant_id = $1 AND id = $2

-- name: claim
-- Claims due schedules for five minutes. One whose process reports no result is due again then.
UPDATE report_schedules s
   SET claimed_until = $2 + interval '5 minutes', attempts = attempts + 1
  FROM (SELECT d.tenant_id, d.id, t.name AS provider, t.timezone
          FROM report_schedules d JOIN tenants t USING (tenant_id)
         WHERE d.active AND d.next_at <= $2 AND d.claimed_until <= $2
           AND t.status = 'active'
         ORDER BY d.next_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED) AS due
 WHERE s.tenant_id = due.tenant_id AND s.id = due.id
RETURNING s.*, due.provider, due.timezone

-- name: settle
-- Ends an attempt, unless the schedule was changed or claimed again. $5 is null if nothing was sent.
UPDATE report_schedules
   SET next_at = $4, sent_at = coalesce($5, sent_at), failure = $6, claimed_until = '-infinity',
       attempts = 0
 WHERE tenant_id = $1 AND id = $2 AND claimed_until = $3
RETURNING id

-- name: postpone
-- Keeps the claim, which is the pause before the next attempt, and says why.
UPDATE report_schedules SET failure = $4
 WHERE tenant_id = $1 AND id = $2 AND claimed_until = $3
