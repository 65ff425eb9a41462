-- name: list
-- All keys that may still verify a token.
SELECT id, private_sealed, created_at FROM signing_keys

-- name: create
-- Inserts a key. The newest key signs.
INSERT INTO signing_keys (id, public_key, private_sealed, created_at) VALUES ($1, $2, $3, $4)

-- name: delete_expired
-- Deletes keys that no valid token needs any more.
DELETE FROM signing_keys WHERE created_at < $1
