-- name: disable
-- Disables the active users with these logins.
UPDATE users SET status = 'disabled' WHERE login = ANY ($1::text[]) AND status = 'active'
RETURNING id, tenant_id, role

-- name: count_active
-- The number of active users with these logins.
SELECT count(*) FROM users WHERE login = ANY ($1::text[]) AND status = 'active'
