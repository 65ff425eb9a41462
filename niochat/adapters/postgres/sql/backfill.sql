-- name: list_channels
-- A tenant's channels, and up to when the gateway's store was read.
SELECT id, tenant_id, kind, base_url, token_sealed, filled_to, created_at
  FROM channels WHERE tenant_id = $1

-- name: current_time
-- The start of a back-fill, by the clock that all processes share.
SELECT now()

-- name: list_known_keys
-- Those of the dedupe keys that are stored.
SELECT dedupe_key FROM inbox WHERE channel_id = $1 AND dedupe_key = ANY ($2::text[])

-- name: save_progress
-- Records up to when the gateway's store was read.
UPDATE channels SET filled_to = $2 WHERE id = $1 AND filled_to < $2

-- name: load_turn_rate
-- Turns per minute that the tenant's assistant may start.
SELECT turns_per_minute FROM assistants WHERE tenant_id = $1
