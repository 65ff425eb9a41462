-- name: list
-- The rules of a tenant by name, with the alert that lasts.
SELECT r.id, r.name, r.kind, r.threshold, r.clear_threshold, r.hold_minutes, r.window_minutes,
       r.team, r.quiet_from, r.quiet_until, r.emails, r.webhook_url, r.active, r.version,
       r.changed_at, nullif(r.evaluated_at, '-infinity') AS evaluated_at, r.value, r.alert_id
  FROM alert_rules r WHERE r.tenant_id = $1 ORDER BY r.name, r.id

-- name: find
-- One of these rules, locked until the transaction ends.
SELECT r.id, r.name, r.kind, r.threshold, r.clear_threshold, r.hold_minutes, r.window_minutes,
       r.team, r.quiet_from, r.quiet_until, r.emails, r.webhook_url, r.active, r.version,
       r.changed_at, nullif(r.evaluated_at, '-infinity') AS evaluated_at, r.value, r.alert_id
  FROM alert_rules r WHERE r.tenant_id = $1 AND r.id = $2 FOR UPDATE

-- name: lock_tenant
-- Lets one request at a time count and add the rules of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('alert_rules:' || $1::uuid::text, 0))

-- name: count
-- The number of rules of a tenant.
SELECT count(*) FROM alert_rules WHERE tenant_id = $1

-- name: team_exists
-- Whether the team exists.
SELECT EXISTS (SELECT FROM teams WHERE tenant_id = $1 AND slug = $2)

-- name: create
-- Inserts a rule.
INSERT INTO alert_rules (tenant_id, name, kind, threshold, clear_threshold, hold_minutes,
                         window_minutes, team, quiet_from, quiet_until, emails, webhook_url,
                         active, secret_sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id

-- name: replace
-- Replaces a rule, which begins anew. Without $15 the webhook keeps its secret.
UPDATE alert_rules
   SET name = $3, kind = $4, threshold = $5, clear_threshold = $6, hold_minutes = $7,
       window_minutes = $8, team = $9, quiet_from = $10, quiet_until = $11, emails = $12,
       webhook_url = $13, active = $14,
       secret_sealed = CASE WHEN $13::text IS NULL THEN NULL
                             ELSE coalesce($15, secret_sealed) END,
       version = version + 1, changed_at = now(), evaluated_at = '-infinity', value = NULL,
       bad_since = NULL, good_since = NULL, alert_id = NULL
 WHERE tenant_id = $1 AND id = $2

-- name: delete
-- Deletes a rule. Its alerts stay.
DELETE FROM alert_rules WHERE tenant_id = $1 AND id = $2

-- name: end_alert
-- Ends the alert of a rule that changes.
UPDATE alerts SET ended_at = now() WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL

-- name: list_alerts
-- A page of alerts, latest first, each with who was told.
SELECT a.id, a.rule_id, a.name, a.kind, a.team, a.threshold, a.value, a.worst, a.started_at,
       a.ended_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'change', n.change, 'way', n.way, 'recipient', n.recipient,
                   'status', n.status, 'code', n.code, 'attempts', n.attempts,
                   'due_at', n.next_at, 'settled_at', n.settled_at)
                   ORDER BY n.created_at, n.recipient), '[]')
          FROM alert_notices n WHERE n.tenant_id = a.tenant_id AND n.alert_id = a.id) AS notices
  FROM alerts a
 WHERE a.tenant_id = $1 AND (NOT $2::bool OR a.ended_at IS NULL)
   AND ($3::timestamptz IS NULL OR (a.started_at, a.id) < ($3, $4::uuid))
 ORDER BY a.started_at DESC, a.id DESC LIMIT $5
