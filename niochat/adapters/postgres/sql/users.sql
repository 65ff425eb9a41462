-- name: list
-- A tenant's users, in order of creation.
SELECT u.id, u.login, u.name, u.role, u.status, u.totp_since IS NOT NULL AS second_factor,
       u.created_at,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams
  FROM users u
 WHERE u.tenant_id = $1 AND ($2::uuid IS NULL OR u.id > $2)
 ORDER BY u.id LIMIT $3

-- name: find
-- One user.
SELECT u.id, u.login, u.name, u.role, u.status, u.totp_since IS NOT NULL AS second_factor,
       u.created_at,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams
  FROM users u
 WHERE u.tenant_id = $1 AND u.id = $2

-- name: lock
-- Locks a user until the transaction ends.
SELECT FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE

-- name: invite
-- Inserts a user without a password; no row if the login is taken, in any tenant.
INSERT INTO users (tenant_id, login, name, role, status) VALUES ($1, $2, $3, $4, 'invited')
ON CONFLICT (login) DO NOTHING RETURNING id

-- name: create_initial
-- Inserts a user who exists from the start; no row if the login is taken.
INSERT INTO users (tenant_id, login, name, role, status, password_hash)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (login) DO NOTHING RETURNING id

-- name: update
-- Changes the values that are not NULL. An invited user stays invited until disabled.
UPDATE users
   SET name = coalesce($3, name), role = coalesce($4, role),
       status = CASE WHEN $5 THEN 'disabled'
                     WHEN NOT $5 AND status = 'disabled' THEN 'active'
                     ELSE status END
 WHERE tenant_id = $1 AND id = $2

-- name: leave_teams
-- Removes a user from all teams.
DELETE FROM team_members WHERE tenant_id = $1 AND user_id = $2

-- name: join_teams
-- Adds a user to those of these teams that exist.
INSERT INTO team_members (tenant_id, team, user_id)
SELECT t.tenant_id, t.slug, $2 FROM teams t WHERE t.tenant_id = $1 AND t.slug = ANY ($3::text[])
RETURNING team

-- name: count_superusers_without_second_factor
-- The number of active superusers without a second factor.
SELECT count(*) FROM users WHERE role = 'superuser' AND status = 'active' AND totp_since IS NULL
