-- name: list
-- The roles that a tenant created.
SELECT name, permissions FROM roles WHERE tenant_id = $1 ORDER BY name

-- name: lock_shared
-- The permissions of a role, which cannot change until the transaction ends.
SELECT permissions FROM roles WHERE tenant_id = $1 AND name = $2 FOR SHARE

-- name: lock
-- The same, locked for a change, with the teams of the users who have the role.
SELECT permissions,
       ARRAY(SELECT DISTINCT m.team FROM users u
               JOIN team_members m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
              WHERE u.tenant_id = r.tenant_id AND u.role = r.name) AS teams
  FROM roles r WHERE tenant_id = $1 AND name = $2 FOR UPDATE OF r

-- name: upsert
-- Creates or changes a role; it returns no row if the tenant has $4 roles already.
INSERT INTO roles (tenant_id, name, permissions)
SELECT $1, $2, $3
 WHERE EXISTS (SELECT FROM roles WHERE tenant_id = $1 AND name = $2)
    OR (SELECT count(*) FROM roles WHERE tenant_id = $1) < $4
ON CONFLICT (tenant_id, name) DO UPDATE SET permissions = $3
RETURNING true

-- name: count_holders
-- The number of users with a role.
SELECT count(*) FROM users WHERE tenant_id = $1 AND role = $2

-- name: delete
-- Deletes a role.
DELETE FROM roles WHERE tenant_id = $1 AND name = $2 RETURNING name
