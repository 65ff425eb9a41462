-- name: find_recipient
-- A user who may still sign in.
SELECT id, tenant_id, login, name FROM users WHERE id = $1 AND status <> 'disabled'

-- name: find_recipient_by_login
-- The same by login. An invited user gets the invitation again instead.
SELECT id, tenant_id, login, name FROM users WHERE login = $1 AND status = 'active'

-- name: delete_unused
-- Deletes the earlier links of one purpose.
DELETE FROM one_time_links WHERE user_id = $1 AND purpose = $2

-- name: create
-- Inserts a link's digest. The link itself is only in the mail.
INSERT INTO one_time_links (digest, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4)

-- name: is_valid
-- Whether a link is valid.
SELECT true FROM one_time_links WHERE digest = $1 AND used_at IS NULL AND expires_at > $2

-- name: redeem
-- Uses a link, which is valid once and for a limited time.
UPDATE one_time_links SET used_at = $2
 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
RETURNING user_id

-- name: set_password
-- Sets the password. An invited user becomes active; a disabled one stays disabled.
UPDATE users
   SET password_hash = $2, status = CASE status WHEN 'invited' THEN 'active' ELSE status END
 WHERE id = $1
RETURNING tenant_id
