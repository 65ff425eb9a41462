-- name: lock
-- Lets one process at a time create a key; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('tenant_token_keys', 0))

-- name: list
-- All keys of tenant tokens. A table of its own: code of before this table would sign access tokens
-- with any key of the other one.
SELECT id, private_sealed, created_at FROM tenant_token_keys

-- name: create
-- Inserts a key.
INSERT INTO tenant_token_keys (id, public_key, private_sealed, created_at) VALUES ($1, $2, $3, $4)

-- name: delete
-- Deletes keys that no valid token needs any more.
DELETE FROM tenant_token_keys WHERE id = ANY ($1::text[])
