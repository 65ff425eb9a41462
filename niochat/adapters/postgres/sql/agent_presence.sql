-- name: list
-- Everybody who works here, whether they are there ($2: not seen for so long, they count as
-- offline), and how many conversations they have or are about to get. The capacity's default is that
-- of domain/conversation/policy.py.
WITH reserved AS MATERIALIZED (
    SELECT r.user_id, count(*) AS of_them FROM reservations r
     WHERE r.tenant_id = $1
       AND (SELECT i.outcome IS NULL FROM inbox i
             WHERE i.tenant_id = r.tenant_id AND i.id = r.inbox_id)
     GROUP BY r.user_id
)
SELECT u.id AS user_id, u.name, p.reason, p.since, p.seen_at,
       CASE WHEN p.seen_at > now() - make_interval(secs => $2) THEN p.state ELSE 'offline' END AS state,
       coalesce(p.capacity, (n.policy ->> 'capacity')::int, 5) AS capacity,
       ARRAY(SELECT m.team FROM team_members m
              WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id ORDER BY 1) AS teams,
       (SELECT count(*) FROM (
            SELECT FROM conversations c
             WHERE c.tenant_id = u.tenant_id AND c.agent = u.id::text AND c.status = 'open'
             ORDER BY c.waiting_since LIMIT 1000) AS has)
       + coalesce((SELECT r.of_them FROM reserved r WHERE r.user_id = u.id), 0) AS load
  FROM users u
  JOIN tenants n ON n.tenant_id = u.tenant_id
  LEFT JOIN presences p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
 WHERE u.tenant_id = $1 AND u.status = 'active' AND ($3::uuid IS NULL OR u.id = $3)
 ORDER BY u.name, u.id

-- name: create
-- Somebody who works here says for the first time whether they are there.
INSERT INTO presences (tenant_id, user_id)
SELECT tenant_id, id FROM users WHERE tenant_id = $1 AND id = $2 AND status <> 'invited'
ON CONFLICT DO NOTHING

-- name: lock
-- As it is, until this transaction ends: no queue gives them anything meanwhile.
SELECT state, reason, capacity FROM presences WHERE tenant_id = $1 AND user_id = $2
   FOR NO KEY UPDATE

-- name: update
-- As they say; `since` stays where that is what they said before.
UPDATE presences
   SET since = CASE WHEN (state, reason) = ($3, $4) THEN since ELSE now() END,
       state = $3, reason = $4, capacity = $5,
       seen_at = CASE WHEN $6 THEN now() ELSE seen_at END
 WHERE tenant_id = $1 AND user_id = $2

-- name: insert_change
-- A line of their day.
INSERT INTO presence_changes (tenant_id, user_id, state, reason) VALUES ($1, $2, $3, $4)

-- name: mark_seen
-- They are still there: ($1, $2) are tenants and users. In the order in which queues lock them.
WITH here AS MATERIALIZED (
    SELECT p.tenant_id, p.user_id
      FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, user_id)
      JOIN presences p ON p.tenant_id = x.tenant_id AND p.user_id = x.user_id
     WHERE p.state <> 'offline'
     ORDER BY p.tenant_id, p.user_id
       FOR NO KEY UPDATE OF p
)
UPDATE presences p SET seen_at = now() FROM here
 WHERE p.tenant_id = here.tenant_id AND p.user_id = here.user_id

-- name: expire
-- Whoever of these shards' tenants has not been seen for so long is offline from now on. A row that
-- somebody else has locked is looked at the next time.
WITH gone AS MATERIALIZED (
    SELECT p.tenant_id, p.user_id FROM presences p
     WHERE p.shard = ANY ($1::smallint[]) AND p.state <> 'offline'
       AND p.seen_at < now() - make_interval(secs => $2)
     ORDER BY p.tenant_id, p.user_id LIMIT $3
       FOR NO KEY UPDATE OF p SKIP LOCKED
), lapsed AS (
    UPDATE presences p SET state = 'offline', reason = 'lapsed', since = now() FROM gone
     WHERE p.tenant_id = gone.tenant_id AND p.user_id = gone.user_id
    RETURNING p.tenant_id, p.user_id, p.state, p.reason
)
INSERT INTO presence_changes (tenant_id, user_id, state, reason)
SELECT tenant_id, user_id, state, reason FROM lapsed
RETURNING tenant_id, user_id
