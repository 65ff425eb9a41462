-- name: read
-- The second factor of a user, locked until the transaction ends.
SELECT tenant_id, totp_sealed, totp_since, totp_step FROM users WHERE id = $1 FOR UPDATE

-- name: begin
-- Stores a secret, which is not required at sign-in yet.
UPDATE users SET totp_sealed = $2, totp_step = 0 WHERE id = $1 AND totp_since IS NULL RETURNING id

-- name: confirm
-- Requires a code at sign-in from now on.
UPDATE users SET totp_since = $3, totp_step = $2 WHERE id = $1

-- name: disable
-- Requires no code any more.
UPDATE users SET totp_sealed = NULL, totp_since = NULL, totp_step = 0 WHERE id = $1

-- name: use_step
-- Uses a code, which is valid once.
UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING id

-- name: use_code
-- Uses a recovery code, which is valid once.
UPDATE recovery_codes SET used_at = $3
 WHERE user_id = $1 AND digest = $2 AND used_at IS NULL RETURNING user_id

-- name: delete_codes
-- Deletes the earlier recovery codes.
DELETE FROM recovery_codes WHERE user_id = $1

-- name: insert_codes
-- Inserts the digests of new recovery codes.
INSERT INTO recovery_codes (user_id, digest) SELECT $1, digest FROM unnest($2::bytea[]) AS digest
