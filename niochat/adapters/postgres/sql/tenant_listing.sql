-- name: list
-- All tenants, in order of creation.
SELECT tenant_id AS id, slug, name, status, plan, created_at FROM tenants
 WHERE $1::uuid IS NULL OR tenant_id > $1
 ORDER BY tenant_id LIMIT $2

-- name: find
-- One tenant.
SELECT tenant_id AS id, slug, name, status, plan, created_at FROM tenants WHERE tenant_id = $1
