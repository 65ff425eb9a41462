-- name: list_targets
-- All tenants that are mirrored, with their settings, if they have any. Without a project of the
-- installation ($1) only those with a project of their own.
SELECT t.tenant_id, s.url, s.key_sealed, s.publishable_key, s.jwt_secret_sealed, s.messages,
       s.paused_at, coalesce(s.enabled, true) AS enabled
  FROM tenants t
  LEFT JOIN mirror_settings s ON s.tenant_id = t.tenant_id
 WHERE coalesce(s.enabled, true) AND (s.url IS NOT NULL OR $1::boolean)
 ORDER BY t.tenant_id

-- name: find
-- The settings of one tenant.
SELECT tenant_id, enabled, url, key_sealed, publishable_key, messages, jwt_secret_sealed, paused_at,
       changed_at
  FROM mirror_settings WHERE tenant_id = $1

-- name: lock
-- Creates the settings if there are none, and returns them locked until the transaction ends.
INSERT INTO mirror_settings (tenant_id) VALUES ($1)
ON CONFLICT (tenant_id) DO UPDATE SET enabled = mirror_settings.enabled
RETURNING tenant_id, enabled, url, key_sealed, publishable_key, messages, jwt_secret_sealed,
          paused_at, changed_at

-- name: replace
-- Replaces the settings.
UPDATE mirror_settings
   SET enabled = $2, url = $3, key_sealed = $4, publishable_key = $5, messages = $6,
       jwt_secret_sealed = $7, changed_at = now()
 WHERE tenant_id = $1

-- name: pause
-- Pauses a tenant, or all tenants without $1; those that pause already keep their time. Returns the
-- number of tenants that pause by this.
WITH changed AS (
    INSERT INTO mirror_settings AS s (tenant_id, paused_at)
    SELECT t.tenant_id, now() FROM tenants t WHERE $1::uuid IS NULL OR t.tenant_id = $1
    ON CONFLICT (tenant_id) DO UPDATE SET paused_at = excluded.paused_at WHERE s.paused_at IS NULL
    RETURNING s.tenant_id)
SELECT count(*) FROM changed

-- name: resume
-- Resumes a tenant, or all tenants without $1. Returns the number of tenants that resume by this.
WITH changed AS (
    UPDATE mirror_settings SET paused_at = NULL
     WHERE ($1::uuid IS NULL OR tenant_id = $1) AND paused_at IS NOT NULL RETURNING tenant_id)
SELECT count(*) FROM changed

-- name: try_again
-- Lets the mirror try again at once after its settings changed.
UPDATE mirror_positions SET retry_at = '-infinity' WHERE tenant_id = $1

-- name: status
-- How the mirror of a tenant does: no row before it has begun. `oldest_at` is the time of the oldest
-- change that is not sent.
SELECT p.backfill_source, p.backfill_done, p.backfill_total, p.failure, p.failure_detail,
       p.failed_since, nullif(p.retry_at, '-infinity') AS retry_at, p.mirrored_at, p.rows_sent,
       now() AS now,
       least((SELECT e.at FROM events e
               WHERE e.tenant_id = p.tenant_id
                 AND (e.xid, e.conversation_id, e.version)
                     > (p.log_xid, p.log_conversation, p.log_version)
               ORDER BY e.xid, e.conversation_id, e.version LIMIT 1),
             (SELECT c.at FROM mirror_changes c
               WHERE c.tenant_id = p.tenant_id ORDER BY c.id LIMIT 1)) AS oldest_at
  FROM mirror_positions p WHERE p.tenant_id = $1

-- name: count_dead_letters
-- The refused rows of a tenant by source and code, most first, each with the reason of the last one.
SELECT source, code, count(*) AS counted, max(last_at) AS last_at,
       (array_agg(reason ORDER BY last_at DESC))[1] AS reason
  FROM mirror_dead_letters WHERE tenant_id = $1
 GROUP BY source, code ORDER BY counted DESC, source, code LIMIT $2
