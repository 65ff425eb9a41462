-- name: lock
-- Lets one process at a time create a key; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))

-- name: list
-- All keys that may still verify a token.
SELECT id, private_sealed, created_at FROM signing_keys

-- name: create
-- Inserts a key.
INSERT INTO signing_keys (id, public_key, private_sealed, created_at) VALUES ($1, $2, $3, $4)

-- name: delete
-- Deletes keys that no valid token needs any more.
DELETE FROM signing_keys WHERE id = ANY ($1::text[])
