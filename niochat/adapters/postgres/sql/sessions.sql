-- name: find_user_by_login
-- The user with this login, and the status of the user's tenant.
SELECT u.id, u.tenant_id, u.status, u.password_hash, t.status AS tenant_status
  FROM users u LEFT JOIN tenants t ON t.tenant_id = u.tenant_id
 WHERE u.login = $1

-- name: find_login
-- The login of a user.
SELECT login FROM users WHERE id = $1

-- name: create
-- Inserts a session, which is a family of refresh tokens.
INSERT INTO sessions (tenant_id, user_id, address, agent, created_at, seen_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $5, $6) RETURNING id

-- name: insert_refresh_token
-- Inserts a refresh token's digest. The token itself is only on the device.
INSERT INTO refresh_tokens (digest, session_id, issued_at) VALUES ($1, $2, $3)

-- name: lock_by_refresh_token
-- The session of a refresh token, locked: of two requests with the same token, the second waits
-- here.
SELECT r.session_id, r.used_at, s.ended_at, s.expires_at, s.seen_at, u.id, u.status,
       t.status AS tenant_status, t.session_idle
  FROM refresh_tokens r
  JOIN sessions s ON s.id = r.session_id
  JOIN users u ON u.id = s.user_id
  LEFT JOIN tenants t ON t.tenant_id = u.tenant_id
 WHERE r.digest = $1
   FOR UPDATE OF r, s

-- name: mark_token_used
-- Marks a token as used. Using it again ends the session.
UPDATE refresh_tokens SET used_at = $2 WHERE digest = $1

-- name: find_successor
-- The token of a session that followed another one, among these.
SELECT digest, session_id, used_at FROM refresh_tokens
 WHERE digest = ANY ($1::bytea[]) AND session_id = $2 LIMIT 1

-- name: extend
-- Extends a session.
UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1

-- name: end
-- Ends sessions.
UPDATE sessions SET ended_at = $3, ended_by = $2 WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL
RETURNING id, user_id, tenant_id

-- name: lock_others
-- Locks all active sessions of a user except one.
SELECT id FROM sessions
 WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2 FOR UPDATE

-- name: list_active
-- A user's active sessions, newest first.
SELECT id, address, agent, created_at, seen_at FROM sessions
 WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
 ORDER BY id DESC LIMIT 200

-- name: rehash
-- Stores a hash of the same password with current parameters, unless the password was changed
-- meanwhile.
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2

-- name: find_principals
-- The users of these sessions and their permissions. An ended or expired session has no row.
SELECT w.number, u.id, u.tenant_id, u.login, u.name, u.role, u.status, r.permissions,
       s.id AS session_id, s.seen_at, s.acting_tenant, s.acting_until,
       t.slug AS tenant, t.status AS tenant_status, t.session_idle,
       a.slug AS acting, a.status AS acting_status,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id) AS teams
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
       WITH ORDINALITY AS w (session_id, user_id, now, number)
  JOIN sessions s ON s.id = w.session_id AND s.user_id = w.user_id
  JOIN users u ON u.id = s.user_id
  LEFT JOIN tenants t ON t.tenant_id = u.tenant_id
  LEFT JOIN tenants a ON a.tenant_id = s.acting_tenant
  LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
 WHERE s.ended_at IS NULL AND s.expires_at > w.now

-- name: set_acting_tenant
-- A superuser enters a tenant for a while, or leaves it (NULL).
UPDATE sessions SET acting_tenant = $2, acting_until = $3 WHERE id = $1 AND ended_at IS NULL
RETURNING id

-- name: mark_seen
-- Records the last use of a session, about once a minute.
UPDATE sessions SET seen_at = $2 WHERE id = $1

-- name: find_absent_principal
-- A user and its permissions, without a session. A superuser acts in a tenant ($2) as long as one of
-- its sessions does.
SELECT u.id, u.tenant_id, u.login, u.name, u.role, u.status, r.permissions,
       NULL::uuid AS session_id, s.acting_tenant, s.acting_until,
       t.slug AS tenant, t.status AS tenant_status, a.slug AS acting,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id) AS teams
  FROM users u
  LEFT JOIN tenants t ON t.tenant_id = u.tenant_id
  LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
  LEFT JOIN LATERAL (SELECT e.acting_tenant, e.acting_until FROM sessions e
                      WHERE e.user_id = u.id AND e.acting_tenant = $2 AND e.ended_at IS NULL
                        AND e.expires_at > $3
                      ORDER BY e.acting_until DESC LIMIT 1) AS s ON true
  LEFT JOIN tenants a ON a.tenant_id = s.acting_tenant
 WHERE u.id = $1 AND (u.tenant_id = $2 OR u.tenant_id IS NULL)
