-- name: claim
-- Claims rules that are due. A rule with a long window is due less often. One whose process dies is
-- due again.
UPDATE alert_rules r SET evaluated_at = now()
  FROM (SELECT d.tenant_id, d.id FROM alert_rules d
         WHERE d.active AND d.evaluated_at <= now() - make_interval(secs => $1)
           AND d.evaluated_at <= now()
               - make_interval(secs => $1 * coalesce(d.window_minutes, 0) / 100.0)
         ORDER BY d.evaluated_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due
 WHERE r.tenant_id = due.tenant_id AND r.id = due.id
RETURNING r.tenant_id, r.id, r.version, r.evaluated_at, r.kind, r.threshold, r.clear_threshold,
          r.hold_minutes, r.window_minutes, r.team, r.quiet_from, r.quiet_until, r.bad_since,
          r.good_since, r.alert_id,
          (SELECT a.worst FROM alerts a
            WHERE a.tenant_id = r.tenant_id AND a.id = r.alert_id) AS worst,
          (SELECT n.timezone FROM tenants n WHERE n.tenant_id = r.tenant_id) AS timezone

-- name: save
-- Stores the progress of a rule, unless it was changed or claimed again since. Returns whether it
-- did.
UPDATE alert_rules SET value = $5, bad_since = $6, good_since = $7
 WHERE tenant_id = $1 AND id = $2 AND version = $3 AND evaluated_at = $4 AND active
RETURNING true

-- name: begin_alert
-- Begins an alert of a rule.
WITH started AS (
    INSERT INTO alerts (tenant_id, rule_id, name, kind, team, threshold, value, worst)
    SELECT r.tenant_id, r.id, r.name, r.kind, r.team, r.threshold, $3, $3
      FROM alert_rules r WHERE r.tenant_id = $1 AND r.id = $2
    RETURNING tenant_id, id, rule_id
)
UPDATE alert_rules r SET alert_id = s.id FROM started s
 WHERE r.tenant_id = s.tenant_id AND r.id = s.rule_id
RETURNING r.alert_id

-- name: save_worst
-- Stores the worst value of an alert that lasts.
UPDATE alerts SET worst = $3 WHERE tenant_id = $1 AND id = $2 AND worst <> $3

-- name: end_alert
-- Ends the alert of a rule.
WITH rule AS (
    UPDATE alert_rules SET alert_id = NULL WHERE tenant_id = $1 AND id = $2
)
UPDATE alerts SET ended_at = now() WHERE tenant_id = $1 AND id = $3

-- name: tell_of_start
-- Queues a notice for each address of a rule, to be sent at $4.
INSERT INTO alert_notices (tenant_id, alert_id, change, way, recipient, next_at)
SELECT r.tenant_id, $3, 'started', w.way, w.recipient, $4
  FROM alert_rules r
 CROSS JOIN LATERAL (SELECT 'email' AS way, e.email AS recipient FROM unnest(r.emails) AS e (email)
                     UNION ALL
                     SELECT 'webhook', r.webhook_url WHERE r.webhook_url IS NOT NULL) AS w
 WHERE r.tenant_id = $1 AND r.id = $2
ON CONFLICT DO NOTHING

-- name: drop_untold
-- Nobody needs to hear of an alert that is over.
UPDATE alert_notices SET status = 'dropped', settled_at = now()
 WHERE tenant_id = $1 AND alert_id = $2 AND change = 'started' AND status = 'queued'

-- name: tell_of_end
-- Queues a notice of the end for everybody who was told of the beginning.
INSERT INTO alert_notices (tenant_id, alert_id, change, way, recipient, next_at)
SELECT n.tenant_id, n.alert_id, 'ended', n.way, n.recipient, $3
  FROM alert_notices n
 WHERE n.tenant_id = $1 AND n.alert_id = $2 AND n.change = 'started'
   AND n.status IN ('sending', 'sent')
ON CONFLICT DO NOTHING

-- name: claim_notices
-- Claims due notices for a minute. One whose sender reports no result by then is due again.
UPDATE alert_notices n
   SET status = 'sending', attempts = attempts + 1, next_at = now() + interval '1 minute'
  FROM (SELECT tenant_id, id FROM alert_notices
         WHERE status IN ('queued', 'sending') AND mail_id IS NULL AND next_at <= now()
         ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due,
       alerts a, tenants t
 WHERE n.tenant_id = due.tenant_id AND n.id = due.id
   AND a.tenant_id = n.tenant_id AND a.id = n.alert_id AND t.tenant_id = n.tenant_id
RETURNING n.tenant_id, n.id, n.alert_id, n.change, n.way, n.recipient, n.attempts, n.created_at,
          a.rule_id, a.name, a.kind, a.team, a.threshold, a.value, a.worst, a.started_at,
          a.ended_at, t.name AS provider, t.slug, t.timezone,
          (SELECT r.secret_sealed FROM alert_rules r
            WHERE r.tenant_id = a.tenant_id AND r.id = a.rule_id
              AND r.webhook_url = n.recipient) AS sealed

-- name: settle_notice
-- Records the result of an attempt, unless another attempt has begun since.
UPDATE alert_notices
   SET status = $4, code = $5, next_at = coalesce($6, next_at),
       settled_at = CASE WHEN $4 <> 'queued' THEN now() END
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND status = 'sending'

-- name: link_mail
-- The notice is told by this mail.
UPDATE alert_notices SET mail_id = $4
 WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND status = 'sending' AND mail_id IS NULL
RETURNING true

-- name: settle_mailed
-- Takes over the results of mails that were sent or given up.
UPDATE alert_notices n
   SET status = m.status, attempts = m.attempts, settled_at = now(),
       code = CASE WHEN m.status = 'failed' THEN 'mail_failed' END
  FROM mails m
 WHERE n.status IN ('queued', 'sending') AND n.mail_id = m.id AND m.status IN ('sent', 'failed')
