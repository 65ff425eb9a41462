-- name: list
-- All users of a tenant with their presence and load. An agent who was not seen for $2 seconds is
-- offline; the load counts conversations that the agent has or is about to get. The default of the
-- capacity is that of domain/conversation/policy.py.
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
-- Inserts the presence of a user who had none.
INSERT INTO presences (tenant_id, user_id)
SELECT tenant_id, id FROM users WHERE tenant_id = $1 AND id = $2 AND status <> 'invited'
ON CONFLICT DO NOTHING

-- name: lock
-- The presence, locked until the transaction ends, so that no queue assigns a conversation
-- meanwhile.
SELECT state, reason, capacity FROM presences WHERE tenant_id = $1 AND user_id = $2
   FOR NO KEY UPDATE

-- name: update
-- Stores the presence; `since` stays if state and reason are the same.
UPDATE presences
   SET since = CASE WHEN (state, reason) = ($3, $4) THEN since ELSE now() END,
       state = $3, reason = $4, capacity = $5,
       seen_at = CASE WHEN $6 THEN now() ELSE seen_at END
 WHERE tenant_id = $1 AND user_id = $2

-- name: insert_change
-- Records a change of presence.
INSERT INTO presence_changes (tenant_id, user_id, state, reason) VALUES ($1, $2, $3, $4)

-- name: mark_seen
-- Records that these users ($1 tenants, $2 users) were seen. The rows are locked in the order in
-- which queues lock them.
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
-- Sets agents of these shards' tenants offline who have not been seen for $2 seconds. A locked row
-- is left to the next call.
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
