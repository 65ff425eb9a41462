-- name: list
-- A tenant's channels, and when a conversation on each changed last, among the latest thousands.
WITH newest AS (
    SELECT c.thread_id, c.changed_at
      FROM unnest(ARRAY['pending', 'waiting', 'open', 'snoozed', 'resolved']) AS s (status)
     CROSS JOIN LATERAL (
        SELECT thread_id, changed_at FROM conversations
         WHERE tenant_id = $1 AND status = s.status ORDER BY changed_at DESC LIMIT 1000) AS c
), active AS (
    SELECT t.channel_id, max(n.changed_at) AS last_active_at
      FROM newest n JOIN threads t ON t.tenant_id = $1 AND t.id = n.thread_id
     GROUP BY t.channel_id
)
SELECT c.id, c.slug, c.name, c.kind, c.status, c.status_reason, c.status_at, c.held_until, c.held_reason,
       c.created_at, a.last_active_at
  FROM channels c LEFT JOIN active a ON a.channel_id = c.id
 WHERE c.tenant_id = $1 AND ($2::uuid IS NULL OR c.id = $2)
 ORDER BY c.slug

-- name: load_sealed
-- A channel with the secrets for its gateway and its webhook address.
SELECT id, slug, kind, status, base_url, token_sealed, secret_sealed FROM channels
 WHERE tenant_id = $1 AND id = $2

-- name: list_slugs
-- The slugs that are in use.
SELECT slug FROM channels WHERE tenant_id = $1

-- name: tenant_slug
-- The slug of a tenant.
SELECT slug FROM tenants WHERE tenant_id = $1

-- name: lock_creation
-- Lets one process create a channel of this slug at a time; the lock ends with the session.
SELECT pg_try_advisory_lock(hashtextextended('niochat:channel:' || $1::uuid || ':' || $2::text, 0))
