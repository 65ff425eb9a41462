-- name: read
-- The second factor of a user; who asks holds it until the transaction ends.
SELECT tenant_id, totp_sealed, totp_since, totp_step FROM users WHERE id = $1 FOR UPDATE

-- name: begin
-- A secret that is not asked for yet.
UPDATE users SET totp_sealed = $2, totp_step = 0 WHERE id = $1 AND totp_since IS NULL RETURNING id

-- name: confirm
-- From now on it is asked for.
UPDATE users SET totp_since = $3, totp_step = $2 WHERE id = $1

-- name: disable
-- No code is asked for.
UPDATE users SET totp_sealed = NULL, totp_since = NULL, totp_step = 0 WHERE id = $1

-- name: use_step
-- A code is good once.
UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING id

-- name: use_code
-- So is a recovery code.
UPDATE recovery_codes SET used_at = $3
 WHERE user_id = $1 AND digest = $2 AND used_at IS NULL RETURNING user_id

-- name: delete_codes
-- Those that were given before are void.
DELETE FROM recovery_codes WHERE user_id = $1

-- name: insert_codes
-- Digests of new ones.
INSERT INTO recovery_codes (user_id, digest) SELECT $1, digest FROM unnest($2::bytea[]) AS digest
