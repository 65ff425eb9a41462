-- name: assign
-- Assigns waiting conversations to agents with free capacity. The function is
-- `functions/assign_waiting.sql`, which says why it is safe.
SELECT assign_waiting($1, $2, $3, $4)

-- name: queues_of
-- Teams of these agents ($1 their tenants) whose queue assigns conversations.
SELECT DISTINCT m.tenant_id, m.team
  FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, user_id)
  JOIN team_members m ON m.tenant_id = x.tenant_id AND m.user_id = x.user_id
  JOIN teams t ON t.tenant_id = m.tenant_id AND t.slug = m.team AND t.assignment <> 'manual'

-- name: queues
-- Queues of these shards with a waiting conversation and an online agent. The subquery is in the
-- order of the queue, so that its index is read instead of all waiting conversations.
SELECT t.tenant_id, t.slug AS team FROM teams t
 WHERE t.shard = ANY ($1::smallint[]) AND t.assignment <> 'manual'
   AND (SELECT c.id FROM conversations c
         WHERE c.tenant_id = t.tenant_id AND c.team = t.slug AND c.status = 'waiting'
         ORDER BY c.priority DESC, c.waiting_since, c.id LIMIT 1) IS NOT NULL
   AND EXISTS (SELECT FROM team_members m
                 JOIN presences p ON p.tenant_id = m.tenant_id AND p.user_id = m.user_id
                WHERE m.tenant_id = t.tenant_id AND m.team = t.slug AND p.state = 'online'
                  AND p.seen_at > now() - make_interval(secs => $2))

-- name: offline_agents
-- Offline agents of these shards' tenants with a customer who waits for an answer.
SELECT p.tenant_id, p.user_id FROM presences p
 WHERE p.shard = ANY ($1::smallint[]) AND p.state = 'offline'
   AND (SELECT c.id FROM conversations c
         WHERE c.tenant_id = p.tenant_id AND c.agent = p.user_id::text
           AND c.status = 'open' AND c.waiting_since IS NOT NULL
         ORDER BY c.waiting_since LIMIT 1) IS NOT NULL

-- name: return_unanswered
-- Stores commands that return the unanswered conversations of these agents ($1 their tenants) to
-- their teams, if the tenant's rule says so. Conversations that a person assigned to them, or that
-- they took, after they went offline stay. The command does nothing if the agent has the
-- conversation no more or has answered. The defaults are those of domain/conversation/policy.py.
-- `state || ''` keeps the planner from using the index of all offline agents instead of the row's
-- key.
WITH left_behind AS MATERIALIZED (
    SELECT p.tenant_id, c.id, c.version, c.thread_id, p.user_id,
           (SELECT t.channel_id FROM threads t
             WHERE t.tenant_id = p.tenant_id AND t.id = c.thread_id) AS channel_id,
           coalesce(c.team, n.policy ->> 'team', 'atendimento') AS team,
           nextval('inbox_numbers') AS number
      FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, user_id)
      JOIN presences p ON p.tenant_id = x.tenant_id AND p.user_id = x.user_id
      JOIN tenants n ON n.tenant_id = p.tenant_id
     CROSS JOIN LATERAL (
           SELECT * FROM conversations c
            WHERE c.tenant_id = p.tenant_id AND c.agent = p.user_id::text AND c.status = 'open'
              AND c.waiting_since IS NOT NULL
            ORDER BY c.waiting_since LIMIT 1000) AS c
     WHERE p.state || '' = 'offline'
       AND coalesce(n.policy ->> 'offline_rule', 'give_back_unanswered') = 'give_back_unanswered'
       AND coalesce((SELECT e.at <= p.since OR e.body ->> 'queue' IS NOT NULL FROM events e
                      WHERE e.tenant_id = p.tenant_id AND e.conversation_id = c.id
                        AND e.type IN ('conversation_assigned', 'conversation_transferred',
                                       'conversation_reopened')
                      ORDER BY e.version DESC LIMIT 1), true)
), told AS (
    INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
    SELECT tenant_id, number, channel_id, thread_id, shard_of(thread_id),
           'offline:' || id || ':' || version,
           jsonb_build_object('type', 'transfer_conversation', 'by', 'product', 'team', team,
                              'agent', NULL, 'left_by', user_id)
      FROM left_behind ORDER BY channel_id, id
        ON CONFLICT (channel_id, dedupe_key) DO NOTHING
    RETURNING tenant_id, thread_id
)
SELECT tenant_id, thread_id FROM told
