-- name: list_busy
-- Of the tenants that have had a policy, those with unread events, changed policies or hours, or
-- clocks whose time has passed. Bounds that begin with the tenant: with an equality the planner may
-- walk the log of all tenants by its position.
SELECT s.tenant_id
  FROM sla_tenants s
  JOIN tenants t USING (tenant_id)
  LEFT JOIN analytics.positions p ON p.tenant_id = s.tenant_id AND p.name = 'sla'
  LEFT JOIN LATERAL (
       SELECT true AS unread FROM events e
        WHERE (e.tenant_id, e.xid, e.conversation_id, e.version)
              > (s.tenant_id, p.xid, p.conversation_id, p.version)
          AND e.tenant_id <= s.tenant_id
        ORDER BY e.tenant_id, e.xid, e.conversation_id, e.version LIMIT 1) AS u ON true
 WHERE u.unread OR s.revision + t.config_version <> s.refreshed
    OR EXISTS (SELECT FROM sla_clocks k
                WHERE k.tenant_id = s.tenant_id AND k.due_at < now() AND NOT k.breach_logged)
    OR EXISTS (SELECT FROM sla_clocks k
                WHERE k.tenant_id = s.tenant_id AND k.warn_at < now() AND NOT k.warning_logged
                  AND k.due_at IS NOT NULL)

-- name: load_rules
-- The enabled policies in the order in which they are tried.
SELECT id, name, teams, priorities, labels, first_answer_s, next_answer_s, resolution_s,
       business_hours, warn_percent
  FROM sla_policies WHERE tenant_id = $1 AND enabled ORDER BY position, id

-- name: load_revision
-- What the clocks of a tenant depend on, as a number that grows with each change of policies and of
-- business hours, the number under which all running clocks were computed, and when the first policy
-- was made.
SELECT s.revision + t.config_version AS revision, s.refreshed, s.since, now() AS now
  FROM sla_tenants s JOIN tenants t USING (tenant_id) WHERE s.tenant_id = $1

-- name: save_refreshed
-- All running clocks were computed under this revision.
UPDATE sla_tenants SET refreshed = $2 WHERE tenant_id = $1

-- name: list_outdated
-- Unresolved conversations that were not computed under this revision yet.
SELECT c.id FROM conversations c
  LEFT JOIN sla_conversations s ON s.tenant_id = c.tenant_id AND s.conversation_id = c.id
 WHERE c.tenant_id = $1 AND c.resolved_at IS NULL AND (s.revision IS NULL OR s.revision < $2)
 ORDER BY c.opened_at, c.id LIMIT $3

-- name: load_progress
-- How far these conversations are.
SELECT conversation_id, progress FROM sla_conversations
 WHERE tenant_id = $1 AND conversation_id = ANY ($2::uuid[])

-- name: load_events
-- The events of these conversations after the versions that were read, oldest first.
SELECT e.conversation_id, e.thread_id, e.version, e.type, e.body, e.schema_version, e.at,
       e.xid::text
  FROM unnest($2::uuid[], $3::bigint[]) AS x (conversation_id, version)
 CROSS JOIN LATERAL (
       SELECT * FROM events e
        WHERE e.tenant_id = $1 AND e.conversation_id = x.conversation_id AND e.version > x.version
        ORDER BY e.version) AS e

-- name: save_progress
-- Stores how far conversations are, and what lists show.
INSERT INTO sla_conversations (tenant_id, conversation_id, version, revision, progress, shown,
                               due_at)
SELECT $1, x.conversation_id, x.version, $2, x.progress, x.shown, x.due_at
  FROM jsonb_to_recordset($3::jsonb) AS x (
       conversation_id uuid, version bigint, progress jsonb, shown jsonb, due_at timestamptz)
    ON CONFLICT (tenant_id, conversation_id) DO UPDATE
   SET version = excluded.version, revision = excluded.revision, progress = excluded.progress,
       shown = excluded.shown, due_at = excluded.due_at

-- name: list_shown
-- What lists show of these conversations, and who has them.
SELECT c.id, c.team, c.agent, s.shown
  FROM sla_conversations s
  JOIN conversations c ON c.tenant_id = s.tenant_id AND c.id = s.conversation_id
 WHERE s.tenant_id = $1 AND s.conversation_id = ANY ($2::uuid[])

-- name: save_clocks
-- Stores clocks. A breach that is in the log stays one, and so does whose it was.
INSERT INTO sla_clocks (tenant_id, conversation_id, target, number, policy_id, policy_name, team,
                        agent, labels, started_at, warn_at, due_at, breached_at, ended_at, outcome)
SELECT $1, x.conversation_id, x.target, x.number, x.policy_id, x.policy_name, x.team, x.agent,
       x.labels, x.started_at, x.warn_at, x.due_at, x.breached_at, x.ended_at, x.outcome
  FROM jsonb_to_recordset($2::jsonb) AS x (
       conversation_id uuid, target text, number integer, policy_id uuid, policy_name text,
       team text, agent text, labels text[], started_at timestamptz, warn_at timestamptz,
       due_at timestamptz, breached_at timestamptz, ended_at timestamptz, outcome text)
    ON CONFLICT (tenant_id, conversation_id, target, number) DO UPDATE
   SET policy_id = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.policy_id
                        ELSE sla_clocks.policy_id END,
       policy_name = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.policy_name
                          ELSE sla_clocks.policy_name END,
       team = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.team
                   ELSE sla_clocks.team END,
       agent = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.agent
                    ELSE sla_clocks.agent END,
       labels = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.labels
                     ELSE sla_clocks.labels END,
       warn_at = excluded.warn_at,
       due_at = CASE WHEN sla_clocks.breached_at IS NULL THEN excluded.due_at
                     ELSE sla_clocks.due_at END,
       breached_at = coalesce(sla_clocks.breached_at, excluded.breached_at),
       ended_at = excluded.ended_at, outcome = excluded.outcome

-- name: log_breaches
-- Stores a command for each breach before $2 that is not in the log yet. The key of the inbox row
-- and the mark of the clock are written together, so that no watcher stores a command twice. Clocks
-- of the tenant that another watcher has locked are left to it.
WITH due AS MATERIALIZED (
    SELECT k.*, c.thread_id, t.channel_id, nextval('inbox_numbers') AS inbox_id
      FROM (SELECT * FROM sla_clocks
             WHERE tenant_id = $1 AND due_at < $2 AND NOT breach_logged
             ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS k
      JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.conversation_id
      JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
), stored AS (
    INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
    SELECT tenant_id, inbox_id, channel_id, thread_id, shard_of(thread_id),
           concat_ws(':', 'sla', conversation_id, target, number, 'breached'),
           jsonb_build_object('type', 'record_sla', 'conversation', conversation_id,
                              'promise', target, 'number', number, 'policy', policy_id,
                              'due_at', due_at, 'breached', true)
      FROM due
        ON CONFLICT (channel_id, dedupe_key) DO NOTHING
)
UPDATE sla_clocks k
   SET breach_logged = true, warning_logged = true,
       breached_at = coalesce(k.breached_at, k.due_at)
  FROM due
 WHERE k.tenant_id = due.tenant_id AND k.conversation_id = due.conversation_id
   AND k.target = due.target AND k.number = due.number
RETURNING k.conversation_id, k.target, due.thread_id

-- name: log_warnings
-- The same for warnings of clocks that are not breached yet.
WITH due AS MATERIALIZED (
    SELECT k.*, c.thread_id, t.channel_id, nextval('inbox_numbers') AS inbox_id
      FROM (SELECT * FROM sla_clocks
             WHERE tenant_id = $1 AND warn_at < $2 AND NOT warning_logged
               AND due_at >= $2
             ORDER BY warn_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS k
      JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.conversation_id
      JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
), stored AS (
    INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
    SELECT tenant_id, inbox_id, channel_id, thread_id, shard_of(thread_id),
           concat_ws(':', 'sla', conversation_id, target, number, 'warned'),
           jsonb_build_object('type', 'record_sla', 'conversation', conversation_id,
                              'promise', target, 'number', number, 'policy', policy_id,
                              'due_at', due_at, 'breached', false)
      FROM due
        ON CONFLICT (channel_id, dedupe_key) DO NOTHING
)
UPDATE sla_clocks k SET warning_logged = true
  FROM due
 WHERE k.tenant_id = due.tenant_id AND k.conversation_id = due.conversation_id
   AND k.target = due.target AND k.number = due.number
RETURNING k.conversation_id, k.target, due.thread_id

-- name: oldest_unread
-- The time of the first event that the clocks of a tenant do not have, and the time now.
SELECT min(u.at) AS oldest_at, now() AS now
  FROM analytics.positions p
  LEFT JOIN LATERAL (
       SELECT e.at FROM events e
        WHERE (e.tenant_id, e.xid, e.conversation_id, e.version)
              > (p.tenant_id, p.xid, p.conversation_id, p.version)
          AND e.tenant_id <= p.tenant_id
        ORDER BY e.tenant_id, e.xid, e.conversation_id, e.version LIMIT 1) AS u ON true
 WHERE p.tenant_id = $1 AND p.name = 'sla'
