-- name: find_known
-- Threads on the channel of whom identities belong to; null where there is none. Not joins: without
-- statistics the planner read all threads of the channel for each identity.
SELECT x.tenant_id, x.channel_id, x.kind, x.value,
       (SELECT t.id FROM threads t
         WHERE t.tenant_id = x.tenant_id AND t.channel_id = x.channel_id
           AND t.contact_id = (SELECT i.contact_id FROM identities i
                                WHERE i.tenant_id = x.tenant_id AND i.kind = x.kind
                                  AND i.value = x.value)) AS thread_id
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
       AS x (tenant_id, channel_id, kind, value)

-- name: find_identities
-- The contacts that the given identities belong to.
SELECT i.tenant_id, i.kind, i.value, i.contact_id
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
  JOIN identities i USING (tenant_id, kind, value)

-- name: lock_identities
-- First webhooks of one new person at once: the second waits here, then finds the first's rows.
-- Keys come sorted, so that two groups cannot wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key

-- name: contact_ids
-- Ids for new persons.
SELECT uuidv7() AS id FROM generate_series(1, $1)

-- name: create_contacts
-- New persons.
INSERT INTO contacts (tenant_id, id, name) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])

-- name: add_identities
-- More names that the gateway has for persons.
INSERT INTO identities (tenant_id, kind, value, contact_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])

-- name: find_threads
-- Threads of contacts on channels.
SELECT t.tenant_id, t.channel_id, t.contact_id, t.id
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x (tenant_id, channel_id, contact_id)
  JOIN threads t USING (tenant_id, channel_id, contact_id)

-- name: create_threads
-- Missing threads; sorted, so that two groups cannot wait for each other.
INSERT INTO threads (tenant_id, channel_id, contact_id)
SELECT DISTINCT tenant_id, channel_id, contact_id
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x (tenant_id, channel_id, contact_id)
 ORDER BY 1, 2, 3
    ON CONFLICT (tenant_id, channel_id, contact_id) DO NOTHING

-- name: append
-- Statement 1: rows are numbered as they came and written in key order; a known key is left alone.
WITH numbered AS MATERIALIZED (
    SELECT x.*, nextval('inbox_numbers') AS id
      FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[])
           AS x (tenant_id, channel_id, thread_id, dedupe_key, command, raw)
)
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command, raw)
SELECT tenant_id, id, channel_id, thread_id, shard_of(thread_id), dedupe_key, command, raw
  FROM numbered
 ORDER BY channel_id, dedupe_key
    ON CONFLICT (channel_id, dedupe_key) DO NOTHING
RETURNING channel_id, dedupe_key

-- name: command
-- What was stored under this key.
SELECT command FROM inbox WHERE tenant_id = $1 AND channel_id = $2 AND dedupe_key = $3

-- name: outcome
-- What became of a command, by its key; processed_at is null while it waits.
SELECT processed_at, outcome FROM inbox
 WHERE tenant_id = $1 AND channel_id = $2 AND dedupe_key = $3

-- name: suspend_pending
-- The tenant was suspended: every conversation that the assistant holds is told.
WITH held AS MATERIALIZED (
    SELECT c.tenant_id, t.channel_id, c.thread_id, c.id, nextval('inbox_numbers') AS number
      FROM conversations c JOIN threads t ON t.id = c.thread_id
     WHERE c.tenant_id = $1 AND c.status = 'pending'
)
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
SELECT tenant_id, number, channel_id, thread_id, shard_of(thread_id),
       'suspend:' || id || ':' || $2::bigint, '{"type": "suspend_assistant"}'
  FROM held
    ON CONFLICT (channel_id, dedupe_key) DO NOTHING

-- name: connection_changed
-- The last word about a channel's session wins; a connected channel is no longer held.
UPDATE channels
   SET status = $2, status_reason = $3, status_at = now(),
       held_until = CASE WHEN $2 = 'connected' THEN NULL ELSE held_until END,
       held_reason = CASE WHEN $2 = 'connected' THEN NULL ELSE held_reason END,
       holds = CASE WHEN $2 = 'connected' THEN 0 ELSE holds END
 WHERE id = $1

-- name: forget_raw
-- Raw bodies of processed rows are kept for three days, for looking into what a gateway sent.
UPDATE inbox SET raw = NULL
 WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM inbox
      WHERE received_at < now() - interval '3 days' AND processed_at IS NOT NULL
        AND raw IS NOT NULL LIMIT $1))

-- name: forget_rows
-- Dedupe keys live longer than any gateway repeats; processed rows then go.
DELETE FROM inbox
 WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM inbox
      WHERE received_at < now() - interval '30 days' AND processed_at IS NOT NULL LIMIT $1))
