-- name: list_colleagues
-- All active users of a tenant by name. Somebody who was not seen for $2 seconds is offline.
SELECT u.id, u.name, p.digest AS photo,
       CASE WHEN r.seen_at > now() - make_interval(secs => $2) THEN r.state ELSE 'offline' END
           AS state,
       CASE WHEN r.seen_at > now() - make_interval(secs => $2) THEN r.reason ELSE '' END AS reason,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams
  FROM users u
  LEFT JOIN user_photos p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
  LEFT JOIN presences r ON r.tenant_id = u.tenant_id AND r.user_id = u.id
 WHERE u.tenant_id = $1 AND u.status = 'active'
 ORDER BY u.name, u.id LIMIT $3

-- name: list_teams
-- All teams of a tenant by name.
SELECT slug, name FROM teams WHERE tenant_id = $1 ORDER BY name, slug
