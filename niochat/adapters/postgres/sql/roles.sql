-- name: list
-- Roles a tenant made itself.
SELECT name, permissions FROM roles WHERE tenant_id = $1 ORDER BY name

-- name: permissions
-- What a role meant so far.
SELECT permissions FROM roles WHERE tenant_id = $1 AND name = $2

-- name: put
-- A role means this from now on; none of $4 that are there is too many.
INSERT INTO roles (tenant_id, name, permissions)
SELECT $1, $2, $3
 WHERE EXISTS (SELECT FROM roles WHERE tenant_id = $1 AND name = $2)
    OR (SELECT count(*) FROM roles WHERE tenant_id = $1) < $4
ON CONFLICT (tenant_id, name) DO UPDATE SET permissions = $3
RETURNING true

-- name: holders
-- How many users have it.
SELECT count(*) FROM users WHERE tenant_id = $1 AND role = $2

-- name: delete
-- It is gone.
DELETE FROM roles WHERE tenant_id = $1 AND name = $2 RETURNING name
