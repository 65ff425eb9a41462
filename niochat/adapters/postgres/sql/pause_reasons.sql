-- name: find
-- The reasons for a pause that a tenant has set; no row if it has set none.
SELECT reasons, version FROM pause_reasons WHERE tenant_id = $1

-- name: lock_tenant
-- Lets one request at a time change the reasons of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('pause_reasons:' || $1::uuid::text, 0))

-- name: put
-- Replaces the reasons of a tenant.
INSERT INTO pause_reasons (tenant_id, reasons) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO UPDATE
   SET reasons = excluded.reasons, version = pause_reasons.version + 1
RETURNING version
