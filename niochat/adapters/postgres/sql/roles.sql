-- name: list
-- Roles a tenant made itself.
SELECT name, permissions FROM roles WHERE tenant_id = $1 ORDER BY name

-- name: lock_shared
-- What a role means, and nobody gives it another meaning until the transaction ends.
SELECT permissions FROM roles WHERE tenant_id = $1 AND name = $2 FOR SHARE

-- name: lock
-- The same for whoever gives it one; and the teams of those who have the role.
SELECT permissions,
       ARRAY(SELECT DISTINCT m.team FROM users u
               JOIN team_members m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
              WHERE u.tenant_id = r.tenant_id AND u.role = r.name) AS teams
  FROM roles r WHERE tenant_id = $1 AND name = $2 FOR UPDATE OF r

-- name: upsert
-- A role means this from now on; none of $4 that are there is too many.
INSERT INTO roles (tenant_id, name, permissions)
SELECT $1, $2, $3
 WHERE EXISTS (SELECT FROM roles WHERE tenant_id = $1 AND name = $2)
    OR (SELECT count(*) FROM roles WHERE tenant_id = $1) < $4
ON CONFLICT (tenant_id, name) DO UPDATE SET permissions = $3
RETURNING true

-- name: count_holders
-- How many users have it.
SELECT count(*) FROM users WHERE tenant_id = $1 AND role = $2

-- name: delete
-- It is gone.
DELETE FROM roles WHERE tenant_id = $1 AND name = $2 RETURNING name
