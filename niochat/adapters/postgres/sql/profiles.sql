-- name: find_session
-- What a signed-in user sees of the own account and session.
SELECT u.totp_since IS NOT NULL AS second_factor, s.expires_at,
       extract(epoch FROM t.session_idle)::float8 AS idle_timeout_s,
       (SELECT p.digest FROM user_photos p
         WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id) AS photo
  FROM sessions s
  JOIN users u ON u.id = s.user_id
  LEFT JOIN tenants t ON t.tenant_id = u.tenant_id
 WHERE s.id = $1

-- name: rename
-- Changes the name of a user.
UPDATE users SET name = $2 WHERE id = $1 RETURNING tenant_id

-- name: put_photo
-- Replaces the photo of a user.
INSERT INTO user_photos (tenant_id, user_id, image, digest) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
   SET image = excluded.image, digest = excluded.digest, changed_at = now()

-- name: delete_photo
-- Deletes the photo of a user.
DELETE FROM user_photos WHERE tenant_id = $1 AND user_id = $2

-- name: find_photo
-- The photo of a user.
SELECT image, digest FROM user_photos WHERE tenant_id = $1 AND user_id = $2
