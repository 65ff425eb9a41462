-- name: count_pending_rows
-- Rows that somebody still has to process or send.
SELECT (SELECT count(*) FROM inbox WHERE processed_at IS NULL)
     + (SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending')) AS waiting

-- name: count_commits
-- Committed transactions of a database since it began.
SELECT xact_commit FROM pg_stat_database WHERE datname = $1

-- name: statement_statistics
-- What was counted of each statement of a database: text, calls, milliseconds, bytes of log.
SELECT s.queryid, s.query, s.calls, s.total_exec_time, s.wal_bytes::float
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE d.datname = $1

-- name: disable_burst_window
-- Turns begin with the message. The rim takes no window of 0: a burst would be as many turns.
UPDATE tenants SET policy = policy || '{"burst_window_s": 0}' WHERE slug = ANY ($1)

-- name: enable_commit_timestamps
-- Keep when each transaction was committed; counts from the next start of the server on.
ALTER SYSTEM SET track_commit_timestamp = on

-- name: activation_latencies
-- Milliseconds from the commit of a new person's first message to the commit of its step.
SELECT extract(epoch FROM pg_xact_commit_timestamp(e.xmin) - pg_xact_commit_timestamp(t.xmin))
       ::float * 1000 AS ms
  FROM threads t JOIN events e ON e.tenant_id = t.tenant_id AND e.thread_id = t.id
 WHERE t.tenant_id = $1 AND e.version = 1 AND t.created_at > $2

-- name: database_time
-- PostgreSQL's time.
SELECT clock_timestamp() AS now

-- name: disable_triggers
-- Bulk rows are right by construction: foreign keys are not looked up one by one.
SET session_replication_role = replica

-- name: insert_contacts
-- Invented people with numbers from $3 up to, without, $4. $2, the channel, is not needed here.
INSERT INTO contacts (tenant_id, id, name)
SELECT $1::uuid, md5('p' || n)::uuid, 'Cliente ' || n
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE $2::uuid IS NOT NULL

-- name: insert_identities
-- Their telephones.
INSERT INTO identities (tenant_id, kind, value, contact_id)
SELECT $1::uuid, 'phone', '55829' || lpad(n::text, 8, '0'), md5('p' || n)::uuid
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE $2::uuid IS NOT NULL

-- name: insert_threads
-- One thread each.
INSERT INTO threads (tenant_id, id, channel_id, contact_id)
SELECT $1::uuid, md5('t' || n)::uuid, $2::uuid, md5('p' || n)::uuid
  FROM generate_series($3::bigint, $4::bigint - 1) AS n

-- name: insert_conversations
-- A conversation each, as the newest one of the tenant is; $5 is its status.
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, version, state,
                           schema_version, opened_at, changed_at, resolved_at)
SELECT c.tenant_id, md5('c' || n)::uuid, md5('t' || n)::uuid, 'B' || n, $5, c.team, c.version,
       c.state || jsonb_build_object('id', md5('c' || n)::uuid, 'protocol', 'B' || n,
                                     'status', $5::text),
       c.schema_version, now(), now(), CASE WHEN $5 = 'resolved' THEN now() END
  FROM (SELECT * FROM conversations WHERE tenant_id = $1 ORDER BY opened_at DESC LIMIT 1) AS c
 CROSS JOIN generate_series($3::bigint, $4::bigint - 1) AS n
 WHERE $2::uuid IS NOT NULL

-- name: insert_messages
-- Messages $3 up to $4; twenty belong to one person's conversation, every other one is ours.
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      external_id, status, sent_at)
SELECT $1::uuid, md5('m' || n)::uuid, md5('t' || n / 20)::uuid, md5('c' || n / 20)::uuid,
       n % 20 + 1, CASE n % 2 WHEN 0 THEN 'customer' ELSE 'assistant' END, 'text',
       'Mensagem ' || n || ' sobre a internet, a fatura ou o roteador, como se escreve todo dia.',
       'BULK' || n, CASE n % 2 WHEN 1 THEN 'read' END, now() - interval '1 day'
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE $2::uuid IS NOT NULL

-- name: insert_events
-- One event for each of these messages.
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at)
SELECT $1::uuid, md5('c' || n / 20)::uuid, n % 20 + 1, md5('t' || n / 20)::uuid,
       'message_received', jsonb_build_object('message', md5('m' || n)::uuid, 'kind', 'text'), 1,
       now() - interval '1 day'
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE $2::uuid IS NOT NULL

-- name: insert_processed_inbox
-- What the customers' messages were, processed long ago.
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command, received_at,
                   processed_at, outcome)
SELECT $1::uuid, nextval('inbox_numbers'), $2::uuid, md5('t' || n / 20)::uuid,
       shard_of(md5('t' || n / 20)::uuid), 'bulk:' || n, '{"type": "receive_message"}',
       now() - interval '1 day', now() - interval '1 day', 'done'
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE n % 2 = 0

-- name: insert_sent_outbox
-- Our messages, sent long ago.
INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id, message_id,
                    origin, text, status, attempts, external_id, settled_at)
SELECT $1::uuid, md5('o' || n)::uuid, md5('t' || n / 20)::uuid,
       shard_of(md5('t' || n / 20)::uuid), $2::uuid, md5('c' || n / 20)::uuid,
       md5('m' || n)::uuid, 'assistant', 'Mensagem ' || n, 'sent', 1, 'BULK' || n,
       now() - interval '1 day'
  FROM generate_series($3::bigint, $4::bigint - 1) AS n WHERE n % 2 = 1

-- name: insert_pending_messages
-- A message waits in the thread of each person from $3 up to, without, $4, like the newest one
-- of the tenant; $5 makes their keys new. The inbox has no row for who is not there.
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
SELECT $1::uuid, nextval('inbox_numbers'), $2::uuid, md5('t' || n)::uuid,
       shard_of(md5('t' || n)::uuid), 'step:' || $5::text || ':' || n,
       i.command || jsonb_build_object('external_id', 'STEP' || $5::text || '-' || n)
  FROM (SELECT command FROM inbox WHERE tenant_id = $1::uuid AND raw IS NOT NULL
         ORDER BY id DESC LIMIT 1) AS i
 CROSS JOIN generate_series($3::bigint, $4::bigint - 1) AS n

-- name: vacuum_analyze
-- What autovacuum would do within a minute, in the middle of a measurement.
VACUUM (ANALYZE)

-- name: checkpoint
-- And what the checkpointer would.
CHECKPOINT

-- name: insert_queue_agents
-- So many ($2) agents of the tenant's team, all there, with room for $3 each.
WITH made AS (
    INSERT INTO users (tenant_id, id, login, name, role)
    SELECT $1::uuid, md5('a' || n)::uuid, 'agente-' || n || '@bench.invalid', 'Agente ' || n, 'agent'
      FROM generate_series(1, $2::int) AS n
    RETURNING tenant_id, id
), joined AS (
    INSERT INTO team_members (tenant_id, team, user_id) SELECT tenant_id, 'atendimento', id FROM made
)
INSERT INTO presences (tenant_id, user_id, state, capacity)
SELECT tenant_id, id, 'online', $3 FROM made

-- name: enable_team_queue
-- The team's queue gives away.
UPDATE teams SET assignment = $2 WHERE tenant_id = $1

-- name: insert_queue_arrivals
-- The people from $3 up to, without, $4 wait for the team; $5 is a state. Every tenth is urgent.
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, version, state,
                           schema_version, opened_at, changed_at, waiting_since, priority)
SELECT $1::uuid, md5('c' || n)::uuid, md5('t' || n)::uuid, 'Q' || n, 'waiting', 'atendimento', 2,
       $5::jsonb || jsonb_build_object('id', md5('c' || n)::uuid, 'protocol', 'Q' || n,
                                       'priority', CASE n % 10 WHEN 0 THEN 3 ELSE 1 END),
       $2, now(), now(), now() + interval '1 microsecond' * (n - $3),
       CASE n % 10 WHEN 0 THEN 3 ELSE 1 END
  FROM generate_series($3::bigint, $4::bigint - 1) AS n ORDER BY n

-- name: insert_queue_tenant
-- A provider with a team and a channel that nothing leaves by; (tenant, channel).
WITH made AS (
    INSERT INTO tenants (slug, name) VALUES ('queue', 'Fibra Fictícia') RETURNING tenant_id
), team AS (
    INSERT INTO teams (tenant_id, slug, name) SELECT tenant_id, 'atendimento', 'Atendimento' FROM made
)
INSERT INTO channels (tenant_id, slug, name, base_url, token_hash, token_sealed, secret_hash,
                      secret_sealed)
SELECT tenant_id, 'principal', 'Principal', 'http://127.0.0.1:9', '', '', '', '' FROM made
RETURNING tenant_id, id

-- name: log_end_position
-- A transaction that everything after it comes behind.
SELECT log_position()::text AS xid

-- name: log_events_since
-- Events of all tenants behind a transaction, as sockets name their positions, in the order of the
-- log; and when each was committed.
SELECT t.slug, e.xid::text || '.' || replace(e.conversation_id::text, '-', '') || '.' || e.version,
       extract(epoch FROM pg_xact_commit_timestamp(e.xid::xid))::float
  FROM events e JOIN tenants t USING (tenant_id)
 WHERE e.xid > $1::text::xid8
 ORDER BY e.xid, e.conversation_id, e.version

-- name: is_mirrored
-- Whether all that was written is sent to the tenant's Supabase project, the backfill too.
SELECT EXISTS (
       SELECT FROM mirror_positions p
        WHERE p.tenant_id = $1 AND p.backfill_source IS NULL AND p.failure IS NULL
          AND NOT EXISTS (SELECT FROM events e
                           WHERE e.tenant_id = $1
                             AND (e.xid, e.conversation_id, e.version)
                                 > (p.log_xid, p.log_conversation, p.log_version)))
