-- name: lock_history
-- Lets one process at a time fill a provider's history; returns whether this one may. The session
-- keeps the lock.
SELECT pg_try_advisory_lock(hashtextextended('niochat:demo_history:' || $1::uuid::text, 0))

-- name: lock_index
-- Keeps `gather_block` from indexing messages of the tenant while the session lives: it would index
-- newer messages first, and the older ones that follow would never be found.
SELECT pg_advisory_lock(7226042, hashtext($1::uuid::text))

-- name: drop_later_blocks
-- Deletes the blocks of the search index that end at or after $2. The indexer makes them anew.
DELETE FROM search_blocks WHERE tenant_id = $1 AND upto_at >= $2

-- name: find_provider
-- The time zone, policy, teams and first channel of a tenant, and its present.
SELECT t.timezone, t.status, t.policy, now() AS present,
       ARRAY(SELECT g.slug FROM teams g WHERE g.tenant_id = t.tenant_id ORDER BY g.slug) AS teams,
       (SELECT c.id FROM channels c WHERE c.tenant_id = t.tenant_id
         ORDER BY c.created_at, c.id LIMIT 1) AS channel_id
  FROM tenants t WHERE t.tenant_id = $1

-- name: list_users
-- The active users of a tenant with these logins.
SELECT id, login FROM users WHERE tenant_id = $1 AND login = ANY ($2::text[]) AND status = 'active'

-- name: list_filled_days
-- The local days ($3 is the time zone) on which one of these threads has a conversation.
SELECT DISTINCT (opened_at AT TIME ZONE $3::text)::date AS day
  FROM conversations WHERE tenant_id = $1 AND thread_id = ANY ($2::uuid[])

-- name: list_busy_threads
-- Those of these threads that have an unresolved conversation, or a rating that waits for an answer.
SELECT thread_id FROM conversations
 WHERE tenant_id = $1 AND thread_id = ANY ($2::uuid[])
   AND (status <> 'resolved' OR rating_until = 'infinity')

-- name: list_rating_requests
-- The times between $3 and $4 at which the customers of these threads were asked for a rating.
SELECT thread_id, sent_at FROM ratings
 WHERE tenant_id = $1 AND thread_id = ANY ($2::uuid[]) AND sent_at >= $3 AND sent_at < $4
 ORDER BY sent_at

-- name: draw_numbers
-- Numbers for the protocol numbers of $1 conversations.
SELECT nextval('protocol_numbers') AS number FROM generate_series(1, $1::int)

-- name: insert_customers
-- Inserts contacts, their phone numbers and threads, each unless it is there.
WITH x AS MATERIALIZED (
    SELECT DISTINCT ON (contact_id) *
      FROM jsonb_to_recordset($3) AS x (
           contact_id uuid, thread_id uuid, name text, phone text, at timestamptz)
     ORDER BY contact_id, at
), people AS (
    INSERT INTO contacts (tenant_id, id, name, created_at)
    SELECT $1, contact_id, name, at FROM x ORDER BY at ON CONFLICT (tenant_id, id) DO NOTHING
), addresses AS (
    INSERT INTO identities (tenant_id, kind, value, contact_id, seen_at, since)
    SELECT $1, 'phone', phone, contact_id, at, at FROM x ORDER BY at
        ON CONFLICT (tenant_id, kind, value) DO NOTHING
)
INSERT INTO threads (tenant_id, id, channel_id, contact_id, created_at)
SELECT $1, thread_id, $2, contact_id, at FROM x ORDER BY at ON CONFLICT (tenant_id, id) DO NOTHING

-- name: insert_conversations
-- Inserts conversations in the order in which they were opened.
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent, paused_until,
                           version, state, schema_version, opened_at, changed_at, resolved_at,
                           waiting_since, priority, labels, snoozed_until, rating_status,
                           rating_score, rating_until)
SELECT $1, x.conversation_id, x.thread_id, x.protocol, x.status, x.team, x.agent, x.paused_until,
       x.version, x.state, $2::smallint, x.opened_at, x.changed_at, x.resolved_at,
       x.waiting_since, x.priority, ARRAY(SELECT jsonb_array_elements_text(x.labels)),
       x.snoozed_until, x.rating_status, x.rating_score, x.rating_until
  FROM jsonb_to_recordset($3) AS x (
       conversation_id uuid, thread_id uuid, protocol text, status text, team text, agent text,
       paused_until timestamptz, version bigint, state jsonb, opened_at timestamptz,
       changed_at timestamptz, resolved_at timestamptz, waiting_since timestamptz,
       priority smallint, labels jsonb, snoozed_until timestamptz, rating_status text,
       rating_score smallint, rating_until timestamptz)
 ORDER BY x.opened_at

-- name: insert_messages
-- Inserts messages in the order in which they were stored.
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      details, external_id, reply_to, status, code, reactions, sent_at, stored_at)
SELECT $1, x.* FROM jsonb_to_recordset($2) AS x (
       id uuid, thread_id uuid, conversation_id uuid, version bigint, author text, kind text,
       text text, details jsonb, external_id text, reply_to text, status text, code text,
       reactions jsonb, sent_at timestamptz, stored_at timestamptz)
 ORDER BY x.stored_at, x.version

-- name: insert_events
-- Inserts events in the order of their times.
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at,
                    cause)
SELECT $1, x.conversation_id, x.version, x.thread_id, x.body ->> 'type', x.body, $2::smallint, x.at,
       x.cause
  FROM jsonb_to_recordset($3) AS x (
       conversation_id uuid, version bigint, thread_id uuid, body jsonb, at timestamptz, cause text)
 ORDER BY x.at, x.version

-- name: insert_outbox
-- Inserts sends with their outcome, so that none is sent again.
INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id, message_id,
                    origin, kind, text, choices, status, attempts, host, next_at, external_id, code,
                    created_at, settled_at)
SELECT $1, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id, x.conversation_id, x.message_id,
       x.origin, x.kind, x.text, x.choices, x.status, 1, $2, x.created_at, x.external_id, x.code,
       x.created_at, x.settled_at
  FROM jsonb_to_recordset($3) AS x (
       id uuid, thread_id uuid, channel_id uuid, conversation_id uuid, message_id uuid,
       origin text, kind text, text text, choices jsonb, status text, external_id text, code text,
       created_at timestamptz, settled_at timestamptz)
 ORDER BY x.created_at

-- name: insert_turns
-- Inserts turns with their results.
INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt, upto_version, status,
                   host, code, detail, model, prompt_version, tool_results, tokens_in, tokens_out,
                   tokens_cached, model_calls, cost, started_at, settled_at)
SELECT $1, x.id, x.conversation_id, x.thread_id, shard_of(x.thread_id), x.attempt, x.upto_version,
       x.status, $2, x.code, x.detail, x.model, x.prompt_version, x.tool_results, x.tokens_in,
       x.tokens_out, x.tokens_cached, x.model_calls, x.cost, x.started_at, x.settled_at
  FROM jsonb_to_recordset($3) AS x (
       id uuid, conversation_id uuid, thread_id uuid, attempt int, upto_version bigint,
       status text, code text, detail text, model text, prompt_version text, tool_results jsonb,
       tokens_in int, tokens_out int, tokens_cached int, model_calls int, cost numeric,
       started_at timestamptz, settled_at timestamptz)
 ORDER BY x.started_at

-- name: insert_timers
-- Inserts the timers that are still due: the end of a snooze, the next opening, and the end of the
-- time for answering a rating.
INSERT INTO timers (tenant_id, thread_id, shard, name, conversation_id, generation, due_at)
SELECT $1, x.thread_id, shard_of(x.thread_id), x.name, x.conversation_id, x.generation, x.due_at
  FROM jsonb_to_recordset($2) AS x (
       thread_id uuid, name text, conversation_id uuid, generation bigint, due_at timestamptz)

-- name: insert_ratings
-- Inserts ratings in the order in which they were scheduled.
INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, team, agent, status,
                     reason, due_at, requested_at, sent_at, answered_at, score, request_id,
                     answer_id, comment_ids, created_at, changed_at, classification, cost)
SELECT $1, x.id, x.conversation_id, x.thread_id, x.channel_id, x.team, x.agent, x.status, x.reason,
       x.due_at, x.requested_at, x.sent_at, x.answered_at, x.score, x.request_id, x.answer_id,
       x.comment_ids, x.created_at, x.changed_at, x.classification, x.cost
  FROM jsonb_to_recordset($2) AS x (
       id uuid, conversation_id uuid, thread_id uuid, channel_id uuid, team text, agent text,
       status text, reason text, due_at timestamptz, requested_at timestamptz,
       sent_at timestamptz, answered_at timestamptz, score smallint, request_id uuid,
       answer_id uuid, comment_ids uuid[], created_at timestamptz, changed_at timestamptz,
       classification text, cost numeric)
 ORDER BY x.created_at

-- name: insert_presence_changes
-- Inserts changes of presence, except those of users who have changes of their own in that time
-- ($3 and $4): what people did is never mixed with what is invented.
INSERT INTO presence_changes (tenant_id, user_id, at, state, reason)
SELECT $1, x.user_id, x.at, x.state, x.reason
  FROM jsonb_to_recordset($2) AS x (user_id uuid, at timestamptz, state text, reason text)
 WHERE NOT EXISTS (SELECT FROM presence_changes p
                    WHERE p.tenant_id = $1 AND p.user_id = x.user_id
                      AND p.at >= $3 AND p.at < $4)
 ORDER BY x.at
ON CONFLICT DO NOTHING
