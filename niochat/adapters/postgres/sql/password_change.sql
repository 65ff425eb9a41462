-- name: find_hash
-- The hash of a user's password.
SELECT password_hash FROM users WHERE id = $1

-- name: find_tenant
-- The tenant of a user; NULL for a superuser.
SELECT tenant_id FROM users WHERE id = $1

-- name: replace_hash
-- Replaces the hash, unless the password was changed since it was read.
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING tenant_id
