-- name: list
-- A tenant's users in the order in which they came.
SELECT u.id, u.login, u.name, u.role, u.status, u.totp_since IS NOT NULL AS second_factor,
       u.created_at,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams
  FROM users u
 WHERE u.tenant_id = $1 AND ($2::uuid IS NULL OR u.id > $2)
 ORDER BY u.id LIMIT $3

-- name: find
-- One of them.
SELECT u.id, u.login, u.name, u.role, u.status, u.totp_since IS NOT NULL AS second_factor,
       u.created_at,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams
  FROM users u
 WHERE u.tenant_id = $1 AND u.id = $2

-- name: lock
-- Nobody changes them until the transaction ends.
SELECT FROM users WHERE tenant_id = $1 AND id = $2 FOR UPDATE

-- name: invite
-- A user without a password; nobody where the login is taken, by whomever.
INSERT INTO users (tenant_id, login, name, role, status) VALUES ($1, $2, $3, $4, 'invited')
ON CONFLICT (login) DO NOTHING RETURNING id

-- name: create_initial
-- Somebody who is there from the beginning; nobody where the login is taken.
INSERT INTO users (tenant_id, login, name, role, status, password_hash)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (login) DO NOTHING RETURNING id

-- name: update
-- What is not NULL. Who never took the invitation stays invited until disabled.
UPDATE users
   SET name = coalesce($3, name), role = coalesce($4, role),
       status = CASE WHEN $5 THEN 'disabled'
                     WHEN NOT $5 AND status = 'disabled' THEN 'active'
                     ELSE status END
 WHERE tenant_id = $1 AND id = $2

-- name: leave_teams
-- Of all teams.
DELETE FROM team_members WHERE tenant_id = $1 AND user_id = $2

-- name: join_teams
-- Those of these teams that there are.
INSERT INTO team_members (tenant_id, team, user_id)
SELECT t.tenant_id, t.slug, $2 FROM teams t WHERE t.tenant_id = $1 AND t.slug = ANY ($3::text[])
RETURNING team

-- name: count_superusers_without_second_factor
-- How many there are without a second factor.
SELECT count(*) FROM users WHERE role = 'superuser' AND status = 'active' AND totp_since IS NULL
