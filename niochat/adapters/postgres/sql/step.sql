-- name: load_threads
-- What a step needs of each thread: the live conversation unless it is remembered, the tenant's
-- policy, unprocessed rows oldest first, and timers that are due by the database's clock. A
-- customer's silence counts only once all that was said has left.
SELECT t.id AS thread_id, t.tenant_id, t.channel_id, t.merged_into, now() AS now,
       c.id AS conversation_id, c.state, c.schema_version,
       n.status, n.policy::text AS policy, n.timezone,
       (SELECT jsonb_agg(jsonb_build_array(i.id, i.failures, i.command) ORDER BY i.id)
          FROM (SELECT id, failures, command FROM inbox
                 WHERE thread_id = x.thread_id AND processed_at IS NULL
                 ORDER BY id LIMIT x.wanted) AS i) AS pending,
       (SELECT jsonb_agg(jsonb_build_array(d.name, d.generation, d.name = 'idle' AND EXISTS (
                   SELECT FROM outbox o
                    WHERE o.thread_id = d.thread_id
                      AND o.status IN ('queued', 'sending', 'uncertain'))) ORDER BY d.due_at)
          FROM timers d WHERE d.thread_id = x.thread_id AND d.due_at <= now()) AS due
  FROM unnest($1::uuid[], $2::int[], $3::bool[]) AS x (thread_id, wanted, remembered)
  JOIN threads t ON t.id = x.thread_id
  JOIN tenants n ON n.tenant_id = t.tenant_id
  LEFT JOIN conversations c
         ON NOT x.remembered AND c.thread_id = x.thread_id AND c.status <> 'resolved'

-- name: load_news
-- What is known of the messages that commands speak of, by the gateway's id: the message itself,
-- and news that came before it, as (kind, value).
SELECT x.thread_id, x.external_id, m.id, m.author, m.status, m.conversation_id,
       (SELECT jsonb_agg(jsonb_build_array(u.kind, u.value) ORDER BY u.kept_at) FROM unmatched u
         WHERE u.thread_id = x.thread_id AND u.external_id = x.external_id) AS unmatched
  FROM unnest($1::uuid[], $2::text[]) AS x (thread_id, external_id)
  LEFT JOIN messages m ON m.thread_id = x.thread_id AND m.external_id = x.external_id

-- name: load_sends
-- Outbox rows that commands speak of, with their messages. Only the thread's own.
SELECT o.id, o.thread_id, o.status AS send_status, o.conversation_id AS send_conversation,
       o.message_id, o.attempts, m.author, m.status, m.conversation_id
  FROM unnest($1::uuid[], $2::uuid[]) AS x (thread_id, id)
  JOIN outbox o ON o.id = x.id AND o.thread_id = x.thread_id
  JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id

-- name: protocol_numbers
-- Numbers for the conversations that may be opened.
SELECT nextval('protocol_numbers') FROM generate_series(1, $1)

-- name: advance
-- Statement 2: the version is the one we loaded and the shard is ours, or nothing happens.
-- Rows are locked in id order, so that two batches cannot wait for each other.
WITH x AS MATERIALIZED (
    SELECT * FROM unnest(
        $3::uuid[], $4::bigint[], $5::bigint[], $6::jsonb[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[], $11::timestamptz[], $12::bigint[])
        AS x (id, expected, next, state, status, team, agent, paused_until, at, epoch)
), locked AS MATERIALIZED (
    SELECT c.id FROM conversations c WHERE c.id IN (SELECT id FROM x) ORDER BY c.id
       FOR NO KEY UPDATE
)
UPDATE conversations c
   SET version = x.next, state = x.state, schema_version = $2, status = x.status, team = x.team,
       agent = x.agent, paused_until = x.paused_until, changed_at = x.at,
       resolved_at = CASE WHEN x.status = 'resolved' THEN x.at END
  FROM x JOIN locked USING (id)
 WHERE c.id = x.id AND c.version = x.expected AND c.status <> 'resolved'
   AND (SELECT s.epoch FROM shards s WHERE s.shard = shard_of(c.thread_id) AND s.host = $1) = x.epoch
RETURNING c.thread_id

-- name: open
-- Statement 2 for a conversation that begins: its fence is the index of the one live conversation.
-- The thread is locked against being joined to another one at the same moment.
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent, paused_until,
                           version, state, schema_version, opened_at, changed_at)
SELECT x.tenant_id, x.id, x.thread_id, x.protocol, x.status, x.team, x.agent, x.paused_until,
       x.version, x.state, $2, x.at, x.at
  FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::timestamptz[], $11::bigint[], $12::jsonb[], $13::timestamptz[], $14::bigint[])
       AS x (tenant_id, id, thread_id, protocol, status, team, agent, paused_until, version, state,
             at, epoch)
  JOIN threads t ON t.id = x.thread_id AND t.merged_into IS NULL
 WHERE (SELECT s.epoch FROM shards s WHERE s.shard = shard_of(x.thread_id) AND s.host = $1) = x.epoch
 ORDER BY x.thread_id
   FOR KEY SHARE OF t
    ON CONFLICT DO NOTHING
RETURNING thread_id

-- name: check
-- Statement 2 for a step without events: the same checks and locks, no new version.
WITH x AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[])
        AS x (thread_id, id, expected, epoch)
), unmerged AS MATERIALIZED (
    SELECT t.id FROM threads t
     WHERE t.id IN (SELECT thread_id FROM x) AND t.merged_into IS NULL ORDER BY t.id
       FOR KEY SHARE
), locked AS MATERIALIZED (
    SELECT c.id, c.thread_id, c.version FROM conversations c
     WHERE c.thread_id IN (SELECT thread_id FROM x) AND c.status <> 'resolved' ORDER BY c.id
       FOR NO KEY UPDATE
)
SELECT x.thread_id
  FROM x
  JOIN unmerged t ON t.id = x.thread_id
  JOIN shards s ON s.shard = shard_of(x.thread_id) AND s.host = $1 AND s.epoch = x.epoch
  LEFT JOIN locked c ON c.thread_id = x.thread_id
 WHERE c.id IS NOT DISTINCT FROM x.id AND coalesce(c.version, 0) = x.expected

-- name: add_events
-- The log of the winners.
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at,
                    cause)
SELECT x.tenant_id, x.conversation_id, x.version, x.thread_id, x.body ->> 'type', x.body, $1, x.at,
       x.cause
  FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::jsonb[], $7::timestamptz[],
              $8::text[])
       AS x (tenant_id, conversation_id, version, thread_id, body, at, cause)

-- name: add_messages
-- What was said. A message that is there already stays as it is.
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      details, external_id, reply_to, status, sent_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[],
                     $7::text[], $8::text[], $9::jsonb[], $10::text[], $11::text[], $12::text[],
                     $13::timestamptz[])
    ON CONFLICT (tenant_id, id) DO NOTHING

-- name: change_messages
-- NULL leaves what stood there; the status was checked to move forward. Each message once.
UPDATE messages m
   SET status = coalesce(x.status, m.status), external_id = coalesce(x.external_id, m.external_id),
       code = coalesce(x.code, m.code), text = coalesce(x.text, m.text),
       edited_at = CASE WHEN x.text IS NULL THEN m.edited_at ELSE x.at END,
       deleted_at = CASE WHEN x.deleted THEN coalesce(m.deleted_at, x.at) ELSE m.deleted_at END,
       reactions = CASE WHEN x.reactions = '{}' THEN m.reactions
                        ELSE jsonb_strip_nulls(m.reactions || x.reactions) END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[],
              $8::jsonb[], $9::timestamptz[])
       AS x (tenant_id, id, status, external_id, code, text, deleted, reactions, at)
 WHERE m.tenant_id = x.tenant_id AND m.id = x.id

-- name: add_sends
-- What has to leave, in the order it was said. A file that is gone makes a send that fails, not a
-- step that can never be written.
INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id, message_id,
                    origin, kind, text, attachment_id)
SELECT x.tenant_id, x.id, x.thread_id, shard_of(x.thread_id), x.channel_id, x.conversation_id,
       x.message_id, x.origin, x.kind, x.text, a.id
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
              $8::text[], $9::text[], $10::uuid[]) WITH ORDINALITY
       AS x (tenant_id, id, thread_id, channel_id, conversation_id, message_id, origin, kind, text,
             attachment_id, n)
  LEFT JOIN attachments a ON a.tenant_id = x.tenant_id AND a.id = x.attachment_id
 ORDER BY x.n
    ON CONFLICT (tenant_id, id) DO NOTHING

-- name: settle_sends
-- Results of sends. A row once sent is left alone; only evidence of delivery beats an end.
UPDATE outbox o
   SET status = x.status, external_id = coalesce(x.external_id, o.external_id),
       code = nullif(x.code, ''),
       resends = o.resends + (o.status = 'uncertain' AND x.status = 'queued')::int,
       lookups = 0,
       uncertain_since = CASE WHEN x.status = 'uncertain'
                              THEN coalesce(o.uncertain_since, now()) END,
       next_at = CASE WHEN x.status = 'uncertain' THEN greatest(o.send_until, now())
                      ELSE now() + make_interval(secs => x.retry_in_s) END,
       settled_at = CASE WHEN x.status IN ('sent', 'failed', 'cancelled') THEN now() END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::float8[])
       AS x (tenant_id, id, status, external_id, code, retry_in_s)
 WHERE o.tenant_id = x.tenant_id AND o.id = x.id
   AND (o.status IN ('queued', 'sending', 'uncertain')
        OR x.status = 'sent' AND o.status IN ('failed', 'cancelled'))

-- name: cancel_replies
-- The assistant lost the reply right: what has not started to leave never will.
WITH cancelled AS (
    UPDATE outbox SET status = 'cancelled', settled_at = now()
     WHERE thread_id = ANY ($1::uuid[]) AND status = 'queued' AND origin = 'assistant'
    RETURNING tenant_id, message_id
)
UPDATE messages m SET code = 'cancelled' FROM cancelled c
 WHERE m.tenant_id = c.tenant_id AND m.id = c.message_id

-- name: set_timers
-- The newest generation of a timer replaces the one before.
INSERT INTO timers (tenant_id, thread_id, shard, name, conversation_id, generation, due_at)
SELECT x.tenant_id, x.thread_id, shard_of(x.thread_id), x.name, x.conversation_id, x.generation,
       x.due_at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::timestamptz[])
       AS x (tenant_id, thread_id, name, conversation_id, generation, due_at)
    ON CONFLICT (tenant_id, thread_id, name) DO UPDATE
   SET conversation_id = excluded.conversation_id, generation = excluded.generation,
       due_at = excluded.due_at

-- name: consume_timers
-- Fired, in the commit of the step they caused.
DELETE FROM timers t
 USING unnest($1::uuid[], $2::text[], $3::bigint[]) AS x (thread_id, name, generation)
 WHERE t.thread_id = x.thread_id AND t.name = x.name AND t.generation = x.generation

-- name: run_turns
-- A turn, or one more attempt of it.
INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt, upto_version, host,
                   started_at)
SELECT x.tenant_id, x.id, x.conversation_id, x.thread_id, shard_of(x.thread_id), x.attempt,
       x.upto_version, $1, now()
  FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::bigint[])
       AS x (tenant_id, id, conversation_id, thread_id, attempt, upto_version)
    ON CONFLICT (tenant_id, id) DO UPDATE
   SET attempt = excluded.attempt, upto_version = excluded.upto_version, host = excluded.host,
       started_at = excluded.started_at
 WHERE turns.status = 'running'

-- name: settle_turns
-- How turns ended; once.
UPDATE turns t
   SET status = x.status, code = x.code, detail = x.detail, model = x.model,
       prompt_version = x.prompt_version, tokens_in = x.tokens_in, tokens_out = x.tokens_out,
       cost = x.cost, settled_at = now()
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::int[], $9::int[], $10::numeric[])
       AS x (tenant_id, id, status, code, detail, model, prompt_version, tokens_in, tokens_out,
             cost)
 WHERE t.tenant_id = x.tenant_id AND t.id = x.id AND t.status = 'running'

-- name: keep_unmatched
-- Kept until the message comes.
INSERT INTO unmatched (tenant_id, thread_id, external_id, kind, value)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, thread_id, external_id, kind, digest)
    DO UPDATE SET kept_at = excluded.kept_at

-- name: drop_unmatched
-- The message came: its news is applied.
DELETE FROM unmatched u
 USING unnest($1::uuid[], $2::text[]) AS x (thread_id, external_id)
 WHERE u.thread_id = x.thread_id AND u.external_id = x.external_id

-- name: mark_processed
-- The rows this step consumed; once. No "processed_at IS NULL" here: it would let the planner
-- walk all that is pending, which in a surge is everything, instead of the primary key.
UPDATE inbox i
   SET processed_at = coalesce(i.processed_at, now()), outcome = coalesce(i.outcome, x.outcome)
  FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS x (tenant_id, id, outcome)
 WHERE i.tenant_id = x.tenant_id AND i.id = x.id

-- name: count_failure
-- One more failed step of the thread's first pending row.
UPDATE inbox SET failures = failures + 1
 WHERE (tenant_id, id) = (SELECT tenant_id, id FROM inbox
                           WHERE thread_id = $1 AND processed_at IS NULL ORDER BY id LIMIT 1)

-- name: forward
-- Rows that were still written to a thread which has been joined to another one.
UPDATE inbox i SET thread_id = t.merged_into, shard = shard_of(t.merged_into)
  FROM threads t
 WHERE t.id = ANY ($1::uuid[]) AND t.merged_into IS NOT NULL
   AND i.thread_id = t.id AND i.processed_at IS NULL
RETURNING t.merged_into
