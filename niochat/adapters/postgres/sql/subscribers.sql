-- name: timezone
-- The tenant's time zone.
SELECT timezone FROM tenants WHERE tenant_id = $1
