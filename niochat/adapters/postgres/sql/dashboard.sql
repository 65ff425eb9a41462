-- name: now
-- Unresolved conversations that the caller may see ($2 own, team or all; $3 user; $4 teams), from
-- their rows, which are never behind.
SELECT count(*) FILTER (WHERE c.status = 'waiting') AS waiting,
       min(c.waiting_since) FILTER (WHERE c.status = 'waiting') AS waiting_since,
       count(*) FILTER (WHERE c.status = 'pending') AS with_assistant,
       count(*) FILTER (WHERE c.status = 'open') AS with_agents,
       count(*) FILTER (WHERE c.status = 'snoozed') AS snoozed, now() AS at
  FROM conversations c
 WHERE c.tenant_id = $1 AND c.status IN ('pending', 'waiting', 'open', 'snoozed')
   AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
        (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))

-- name: channels
-- The channels with the state of their sessions.
SELECT id, name, status, status_reason, status_at, held_until FROM channels
 WHERE tenant_id = $1 ORDER BY name, id

-- name: channel_states
-- One text for each of these tenants. It changes with what the dashboard shows of the channels.
SELECT t.id AS tenant_id,
       coalesce(md5(string_agg(concat_ws('|', c.id, c.name, c.status, c.status_reason, c.status_at,
                                         c.held_until > now()), '/' ORDER BY c.id)), '') AS state
  FROM unnest($1::uuid[]) AS t(id) LEFT JOIN channels c ON c.tenant_id = t.id
 GROUP BY t.id
