-- name: find
-- The preferences of a user; no row while everything has its default.
SELECT document, version FROM preferences WHERE tenant_id = $1 AND user_id = $2

-- name: lock_user
-- Lets one request at a time change the preferences of a user.
SELECT pg_advisory_xact_lock(hashtextextended('preferences:' || $1::uuid::text, 0))

-- name: put
-- Replaces the preferences of a user.
INSERT INTO preferences (tenant_id, user_id, document) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
   SET document = excluded.document, version = preferences.version + 1, changed_at = now()
RETURNING version
