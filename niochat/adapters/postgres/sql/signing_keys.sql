-- name: list
-- Every key that may still verify something.
SELECT id, private_sealed, created_at FROM signing_keys

-- name: create
-- A new key; the newest signs.
INSERT INTO signing_keys (id, public_key, private_sealed, created_at) VALUES ($1, $2, $3, $4)

-- name: delete_expired
-- Keys that verify nothing any more.
DELETE FROM signing_keys WHERE created_at < $1
