-- name: find_recipient
-- Somebody who may still come in.
SELECT id, tenant_id, login, name FROM users WHERE id = $1 AND status <> 'disabled'

-- name: find_recipient_by_login
-- The same by login; who was only invited gets the invitation again, not this.
SELECT id, tenant_id, login, name FROM users WHERE login = $1 AND status = 'active'

-- name: delete_unused
-- Links of one purpose that were sent before.
DELETE FROM one_time_links WHERE user_id = $1 AND purpose = $2

-- name: create
-- A link's digest; the link itself is in the mail alone.
INSERT INTO one_time_links (digest, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4)

-- name: is_valid
-- Whether a link is.
SELECT true FROM one_time_links WHERE digest = $1 AND used_at IS NULL AND expires_at > $2

-- name: redeem
-- Good once, and not for ever.
UPDATE one_time_links SET used_at = $2
 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
RETURNING user_id

-- name: set_password
-- Who was invited has come; who is disabled stays so.
UPDATE users
   SET password_hash = $2, status = CASE status WHEN 'invited' THEN 'active' ELSE status END
 WHERE id = $1
RETURNING tenant_id
