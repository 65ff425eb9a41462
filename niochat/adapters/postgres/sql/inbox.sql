-- name: find_known
-- Whose addresses these are, with their threads on the channel; and the thread of a send of ours
-- that an echo names by its track id ($5). `answers`: what is said to the contact goes there.
-- Not joins: without statistics the planner read all threads of the channel for each identity.
SELECT x.kind, x.value, x.channel_id, x.tenant_id, i.contact_id, i.address, i.left_at, i.since,
       i.seen_at, i.wrote,
       i.wrote AND i.left_at IS NULL AND NOT EXISTS (
           SELECT FROM identities o
            WHERE o.tenant_id = x.tenant_id AND o.contact_id = i.contact_id AND o.left_at IS NULL
              AND o.wrote AND o.kind <> i.kind
              AND (o.seen_at > i.seen_at OR o.seen_at = i.seen_at AND o.kind = 'phone'))
           AS answers,
       (SELECT t.id FROM threads t
         WHERE t.tenant_id = x.tenant_id AND t.channel_id = x.channel_id
           AND t.contact_id = i.contact_id) AS thread_id,
       (SELECT o.thread_id FROM outbox o
         WHERE o.tenant_id = x.tenant_id AND o.id = x.track) AS sent_in
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[]) WITH ORDINALITY
       AS x (tenant_id, channel_id, kind, value, track, position)
  LEFT JOIN LATERAL (SELECT * FROM identities d
                      WHERE d.tenant_id = x.tenant_id AND d.kind = x.kind AND d.value = x.value
                      LIMIT 1) AS i ON true
 ORDER BY x.position

-- name: find_sends
-- In which threads these sends of ours are.
SELECT o.tenant_id, o.id, o.thread_id
  FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id) JOIN outbox o USING (tenant_id, id)

-- name: lock_identities
-- Webhooks that name one address at once: the second waits here, then finds the first's rows.
-- Keys come sorted, so that two groups cannot wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key

-- name: lock_contacts
-- The persons that the given addresses belong to: what one of them has changes for one at a time.
SELECT k.id FROM contacts k
 WHERE (k.tenant_id, k.id) IN (
           SELECT i.tenant_id, i.contact_id
             FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
             JOIN identities i USING (tenant_id, kind, value))
 ORDER BY k.tenant_id, k.id FOR NO KEY UPDATE

-- name: find_identities
-- All addresses of the persons that the given addresses belong to.
SELECT i.tenant_id, i.kind, i.value, i.contact_id, coalesce(i.address, i.value) AS address,
       i.seen_at, i.since, i.wrote, i.left_at, i.taken_over
  FROM identities i
 WHERE (i.tenant_id, i.contact_id) IN (
           SELECT o.tenant_id, o.contact_id
             FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
             JOIN identities o USING (tenant_id, kind, value))

-- name: find_former
-- Who had these addresses before.
SELECT f.tenant_id, f.kind, f.value, f.contact_id, f.until
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
  JOIN former_identities f USING (tenant_id, kind, value)

-- name: contact_ids
-- Ids for new persons.
SELECT uuidv7() AS id FROM generate_series(1, $1)

-- name: create_contacts
-- New persons.
INSERT INTO contacts (tenant_id, id, name) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])

-- name: retire_identities
-- First whatever changes: a person has one current address of a kind at any moment, also between
-- the rows of two who exchange theirs.
UPDATE identities i SET left_at = now()
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
 WHERE i.tenant_id = x.tenant_id AND i.kind = x.kind AND i.value = x.value AND i.left_at IS NULL

-- name: put_identities
-- Who has which address now.
INSERT INTO identities (tenant_id, kind, value, contact_id, address, seen_at, since, wrote, left_at,
                        taken_over)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::bool[], $9::timestamptz[], $10::bool[])
    ON CONFLICT (tenant_id, kind, value) DO UPDATE
   SET contact_id = excluded.contact_id, address = excluded.address, seen_at = excluded.seen_at,
       since = excluded.since, wrote = excluded.wrote, left_at = excluded.left_at,
       taken_over = excluded.taken_over

-- name: keep_former
-- Who had an address until then: messages that come late still find their writer.
INSERT INTO former_identities (tenant_id, kind, value, contact_id, until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
    ON CONFLICT DO NOTHING

-- name: merge_contacts
-- Two contacts are one person: what is known of the other ($3) goes along, where the one that stays
-- ($2) does not know better. Their threads are joined by commands.
WITH gone AS (
    UPDATE contacts SET merged_into = $2
     WHERE tenant_id = $1 AND id = $3 AND id <> $2 AND merged_into IS DISTINCT FROM $2  -- once
    RETURNING name, document_sealed, document_index, notes, known_contract, known_phone, known_at,
              shared_at
), former AS (
    UPDATE former_identities SET contact_id = $2 WHERE tenant_id = $1 AND contact_id = $3
)
UPDATE contacts k
   SET name = coalesce(k.name, gone.name),
       document_sealed = coalesce(k.document_sealed, gone.document_sealed),
       document_index = coalesce(k.document_index, gone.document_index),
       -- The memory of a document goes where the document goes. Two of them: it is asked again.
       known_contract = CASE WHEN k.document_sealed IS NULL THEN gone.known_contract
                             ELSE k.known_contract END,
       known_phone = CASE WHEN k.document_sealed IS NULL THEN gone.known_phone
                          ELSE k.known_phone END,
       known_at = CASE WHEN k.document_sealed IS NULL THEN gone.known_at ELSE k.known_at END,
       shared_at = CASE WHEN k.document_index <> gone.document_index THEN now()
                        ELSE greatest(k.shared_at, gone.shared_at) END,
       notes = left(concat_ws(E'\n', nullif(k.notes, ''), nullif(gone.notes, '')), 4000)
  FROM gone WHERE k.tenant_id = $1 AND k.id = $2

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
-- The tenant was suspended: every conversation that the assistant holds, or serves after hours, is
-- told.
WITH held AS MATERIALIZED (
    SELECT c.tenant_id, t.channel_id, c.thread_id, c.id, nextval('inbox_numbers') AS number
      FROM conversations c JOIN threads t ON t.id = c.thread_id
     WHERE c.tenant_id = $1 AND c.status IN ('pending', 'waiting', 'open')
       AND (c.status = 'pending' OR (c.state -> 'after_hours')::bool IS TRUE)
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

-- name: purge_raw
-- Raw bodies of processed rows are kept for three days, for looking into what a gateway sent.
UPDATE inbox SET raw = NULL
 WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM inbox
      WHERE received_at < now() - interval '3 days' AND processed_at IS NOT NULL
        AND raw IS NOT NULL LIMIT $1))

-- name: purge_rows
-- Dedupe keys live longer than any gateway repeats; processed rows then go.
DELETE FROM inbox
 WHERE ctid = ANY (ARRAY(
     SELECT ctid FROM inbox
      WHERE received_at < now() - interval '30 days' AND processed_at IS NOT NULL LIMIT $1))
