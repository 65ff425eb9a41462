-- name: find_principal
-- The valid key of this digest, the permissions of its owner, and the status of its tenant. There
-- is none if the owner is deleted or disabled.
SELECT k.id, k.tenant_id, k.name, k.permissions, k.last_used_at, t.slug AS tenant,
       t.status AS tenant_status, u.role AS owner_role, r.permissions AS owner_permissions
  FROM api_keys k
  JOIN tenants t ON t.tenant_id = k.tenant_id
  JOIN users u ON u.id = k.owner_id AND u.status = 'active'
       AND (u.tenant_id = k.tenant_id OR u.tenant_id IS NULL)
  LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
 WHERE k.digest = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)

-- name: mark_used
-- Records the last use of a key, about once a minute.
UPDATE api_keys SET last_used_at = $2 WHERE id = $1

-- name: create
-- Inserts a key. The key itself is shown once and not stored. A key that another key creates has
-- the same owner and expires with it at the latest.
INSERT INTO api_keys (tenant_id, name, digest, hint, permissions, created_by, expires_at, owner_id)
SELECT $1, $2, $3, $4, $5, $6, least($7, m.expires_at),
       CASE WHEN m.id IS NULL THEN $6 ELSE m.owner_id END
  FROM (SELECT) AS one LEFT JOIN api_keys m ON m.tenant_id = $1 AND m.id = $6
ON CONFLICT (tenant_id, name) WHERE revoked_at IS NULL DO NOTHING
RETURNING id, created_at

-- name: list
-- A tenant's keys that were not revoked, newest first.
SELECT id, name, hint, permissions, created_by, owner_id, created_at, expires_at, last_used_at
  FROM api_keys
 WHERE tenant_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id < $2)
 ORDER BY id DESC LIMIT $3

-- name: list_active_owners
-- Those of these users who may still own keys, including superusers, whom a tenant does not see.
SELECT id FROM users WHERE id = ANY ($1::uuid[]) AND status = 'active'

-- name: lock_permissions
-- The permissions of a valid key, locked until the transaction ends.
SELECT permissions FROM api_keys
 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL FOR UPDATE

-- name: find_new_owner
-- A user who may own a key, and the user's permissions.
SELECT u.role, r.permissions
  FROM users u LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
 WHERE u.tenant_id = $1 AND u.id = $2 AND u.status = 'active'

-- name: transfer
-- Gives a key another owner; returns the former one.
UPDATE api_keys SET owner_id = $3, transferred_at = now() WHERE tenant_id = $1 AND id = $2
RETURNING old.owner_id

-- name: revoke
-- Revokes a key and all keys that it created, from the next request on.
WITH RECURSIVE line AS (
    SELECT id FROM api_keys WHERE tenant_id = $1 AND id = $2
     UNION
    SELECT k.id FROM api_keys k JOIN line ON k.created_by = line.id
     WHERE k.tenant_id = $1 AND k.transferred_at IS NULL
)
UPDATE api_keys SET revoked_at = now()
 WHERE tenant_id = $1 AND id IN (SELECT id FROM line) AND revoked_at IS NULL
RETURNING id

-- name: find_absent_principal
-- The same for the key with this id, of a tenant ($2), at a time ($3).
SELECT k.id, k.tenant_id, k.name, k.permissions, t.slug AS tenant, t.status AS tenant_status,
       u.role AS owner_role, r.permissions AS owner_permissions
  FROM api_keys k
  JOIN tenants t ON t.tenant_id = k.tenant_id
  JOIN users u ON u.id = k.owner_id AND u.status = 'active'
       AND (u.tenant_id = k.tenant_id OR u.tenant_id IS NULL)
  LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
 WHERE k.id = $1 AND k.tenant_id = $2 AND k.revoked_at IS NULL
   AND (k.expires_at IS NULL OR k.expires_at > $3)
