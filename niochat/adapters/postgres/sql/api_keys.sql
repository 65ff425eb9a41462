-- name: caller
-- The living key of this digest, and whether its tenant is in good standing.
SELECT k.id, k.tenant_id, k.name, k.permissions, k.last_used_at, t.slug AS tenant,
       t.status AS tenant_status
  FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id
 WHERE k.digest = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)

-- name: used
-- When it was used last; told about once a minute.
UPDATE api_keys SET last_used_at = $2 WHERE id = $1

-- name: make
-- A key; the key itself is shown once and kept nowhere.
INSERT INTO api_keys (tenant_id, name, digest, hint, permissions, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, name) WHERE revoked_at IS NULL DO NOTHING
RETURNING id, created_at

-- name: list
-- A tenant's living keys, the newest first.
SELECT id, name, hint, permissions, created_by, created_at, expires_at, last_used_at
  FROM api_keys
 WHERE tenant_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id < $2)
 ORDER BY id DESC LIMIT $3

-- name: revoke
-- It is good no more from the next request on.
UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
RETURNING id
