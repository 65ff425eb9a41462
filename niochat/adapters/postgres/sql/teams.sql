-- name: list
-- A tenant's teams.
SELECT t.slug, t.name, t.assignment,
       (SELECT count(*) FROM team_members m
         WHERE m.tenant_id = t.tenant_id AND m.team = t.slug) AS members,
       (SELECT count(*) FROM conversations c
         WHERE c.tenant_id = t.tenant_id AND c.status = 'waiting' AND c.team = t.slug) AS waiting
  FROM teams t WHERE t.tenant_id = $1 ORDER BY t.name

-- name: find
-- A team.
SELECT name, assignment FROM teams WHERE tenant_id = $1 AND slug = $2

-- name: list_member_roles
-- The roles of a team's members, and their permissions.
SELECT DISTINCT u.role, r.permissions
  FROM team_members m
  JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
  LEFT JOIN roles r ON r.tenant_id = u.tenant_id AND r.name = u.role
 WHERE m.tenant_id = $1 AND m.team = $2

-- name: upsert
-- Creates or changes a team; it returns no row if the tenant has $5 teams already.
INSERT INTO teams (tenant_id, slug, name, assignment)
SELECT $1, $2, $3, $4
 WHERE EXISTS (SELECT FROM teams WHERE tenant_id = $1 AND slug = $2)
    OR (SELECT count(*) FROM teams WHERE tenant_id = $1) < $5
ON CONFLICT (tenant_id, slug) DO UPDATE SET name = $3, assignment = $4
RETURNING true

-- name: is_used
-- Whether conversations are in the team, or it is the default team for handoffs or that of low
-- ratings; no row if the team does not exist. The default is that of domain/conversation/policy.py.
SELECT EXISTS (SELECT FROM conversations c WHERE c.tenant_id = t.tenant_id AND c.team = t.slug)
       OR (SELECT coalesce(p.policy ->> 'team', 'atendimento') = t.slug
                  OR p.policy #>> '{ratings,reopen_team}' = t.slug
             FROM tenants p WHERE p.tenant_id = t.tenant_id) IS TRUE
  FROM teams t WHERE t.tenant_id = $1 AND t.slug = $2

-- name: remove_members
-- Removes all members of a team.
DELETE FROM team_members WHERE tenant_id = $1 AND team = $2

-- name: delete
-- Deletes a team.
DELETE FROM teams WHERE tenant_id = $1 AND slug = $2
