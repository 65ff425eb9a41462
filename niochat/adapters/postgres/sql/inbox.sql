-- name: find_known
-- The contacts of these addresses with their threads on the channel, and the thread of our send
-- that an echo names by its track id ($5). `answers` says that answers to the contact go to this
-- address. Subqueries instead of joins: without statistics the planner read all threads of the
-- channel for each address.
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
-- The threads of these sends.
SELECT o.tenant_id, o.id, o.thread_id
  FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id) JOIN outbox o USING (tenant_id, id)

-- name: lock_identities
-- Serialises webhooks that show the same address: the second one waits here and then finds the rows
-- of the first. The keys are sorted, so that two batches cannot deadlock.
SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key

-- name: lock_contacts
-- Locks the contacts of the given addresses, so that their addresses change one transaction at a
-- time.
SELECT k.id FROM contacts k
 WHERE (k.tenant_id, k.id) IN (
           SELECT i.tenant_id, i.contact_id
             FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
             JOIN identities i USING (tenant_id, kind, value))
 ORDER BY k.tenant_id, k.id FOR NO KEY UPDATE

-- name: find_identities
-- All addresses of the contacts that the given addresses belong to.
SELECT i.tenant_id, i.kind, i.value, i.contact_id, coalesce(i.address, i.value) AS address,
       i.seen_at, i.since, i.wrote, i.left_at, i.taken_over
  FROM identities i
 WHERE (i.tenant_id, i.contact_id) IN (
           SELECT o.tenant_id, o.contact_id
             FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
             JOIN identities o USING (tenant_id, kind, value))

-- name: find_former
-- The contacts that had these addresses before.
SELECT f.tenant_id, f.kind, f.value, f.contact_id, f.until
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
  JOIN former_identities f USING (tenant_id, kind, value)

-- name: contact_ids
-- Ids for new contacts.
SELECT uuidv7() AS id FROM generate_series(1, $1)

-- name: create_contacts
-- Inserts new contacts.
INSERT INTO contacts (tenant_id, id, name) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])

-- name: retire_identities
-- Ends the addresses that are about to change. A contact has at most one current address of each
-- kind at any moment, also while two contacts exchange theirs.
UPDATE identities i SET left_at = now()
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x (tenant_id, kind, value)
 WHERE i.tenant_id = x.tenant_id AND i.kind = x.kind AND i.value = x.value AND i.left_at IS NULL

-- name: put_identities
-- Stores the contact of each address.
INSERT INTO identities (tenant_id, kind, value, contact_id, address, seen_at, since, wrote, left_at,
                        taken_over)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::bool[], $9::timestamptz[], $10::bool[])
    ON CONFLICT (tenant_id, kind, value) DO UPDATE
   SET contact_id = excluded.contact_id, address = excluded.address, seen_at = excluded.seen_at,
       since = excluded.since, wrote = excluded.wrote, left_at = excluded.left_at,
       taken_over = excluded.taken_over

-- name: keep_former
-- Records that a contact had an address until a time, so that late messages still find their
-- author.
INSERT INTO former_identities (tenant_id, kind, value, contact_id, until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
    ON CONFLICT DO NOTHING

-- name: merge_contacts
-- Merges contact $3 into contact $2. Values of $3 are used where $2 has none. Commands merge their
-- threads. If one of them is blocked, the person is, on all threads of both; opt-outs and
-- complaints likewise.
WITH gone AS (
    UPDATE contacts
       SET merged_into = $2,
           blocked_at = coalesce(blocked_at, (SELECT o.blocked_at FROM contacts o
                                               WHERE o.tenant_id = $1 AND o.id = $2))
     WHERE tenant_id = $1 AND id = $3 AND id <> $2 AND merged_into IS DISTINCT FROM $2  -- only once
    RETURNING name, document_sealed, document_index, notes, known_contract, known_phone, known_at,
              shared_at, labels, blocked_at, opted_out_at, opted_out_by, opted_out_reason,
              opted_out_conversation
), complained AS (
    INSERT INTO complaints (tenant_id, contact_id, complained_at)
    SELECT tenant_id, $2, complained_at FROM complaints
     WHERE tenant_id = $1 AND contact_id = $3 AND $3 <> $2
        ON CONFLICT (tenant_id, contact_id) DO UPDATE
       SET complained_at = greatest(complaints.complained_at, excluded.complained_at)
), former AS (
    UPDATE former_identities SET contact_id = $2 WHERE tenant_id = $1 AND contact_id = $3
), blocked AS (
    UPDATE threads t SET blocked = true
      FROM channels h
     WHERE h.tenant_id = $1 AND t.tenant_id = $1 AND t.channel_id = h.id
       AND t.contact_id IN ($2, $3) AND NOT t.blocked
       AND EXISTS (SELECT FROM gone WHERE gone.blocked_at IS NOT NULL)
)
UPDATE contacts k
   SET name = coalesce(k.name, gone.name),
       document_sealed = coalesce(k.document_sealed, gone.document_sealed),
       document_index = coalesce(k.document_index, gone.document_index),
       -- What is remembered with a tax id follows the tax id. If both have one, it is asked again.
       known_contract = CASE WHEN k.document_sealed IS NULL THEN gone.known_contract
                             ELSE k.known_contract END,
       known_phone = CASE WHEN k.document_sealed IS NULL THEN gone.known_phone
                          ELSE k.known_phone END,
       known_at = CASE WHEN k.document_sealed IS NULL THEN gone.known_at ELSE k.known_at END,
       shared_at = CASE WHEN k.document_index <> gone.document_index THEN now()
                        ELSE greatest(k.shared_at, gone.shared_at) END,
       labels = ARRAY(SELECT DISTINCT l FROM unnest(k.labels || gone.labels) AS l ORDER BY l),
       blocked_at = coalesce(k.blocked_at, gone.blocked_at),
       opted_out_at = coalesce(k.opted_out_at, gone.opted_out_at),
       ratings_refused_at = coalesce(k.opted_out_at, gone.opted_out_at),
       opted_out_by = CASE WHEN k.opted_out_at IS NULL THEN gone.opted_out_by
                           ELSE k.opted_out_by END,
       opted_out_reason = CASE WHEN k.opted_out_at IS NULL THEN gone.opted_out_reason
                               ELSE k.opted_out_reason END,
       opted_out_conversation = CASE WHEN k.opted_out_at IS NULL THEN gone.opted_out_conversation
                                     ELSE k.opted_out_conversation END,
       notes = left(concat_ws(E'\n', nullif(k.notes, ''), nullif(gone.notes, '')), 4000)
  FROM gone WHERE k.tenant_id = $1 AND k.id = $2

-- name: find_threads
-- The threads of contacts on channels.
SELECT t.tenant_id, t.channel_id, t.contact_id, t.id
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x (tenant_id, channel_id, contact_id)
  JOIN threads t USING (tenant_id, channel_id, contact_id)

-- name: create_threads
-- Inserts missing threads, sorted, so that two batches cannot deadlock. A thread of a blocked
-- contact is blocked too.
INSERT INTO threads (tenant_id, channel_id, contact_id, blocked)
SELECT DISTINCT tenant_id, channel_id, contact_id,
       EXISTS (SELECT FROM contacts k WHERE k.tenant_id = x.tenant_id AND k.id = x.contact_id
                                        AND k.blocked_at IS NOT NULL)
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x (tenant_id, channel_id, contact_id)
 ORDER BY 1, 2, 3
    ON CONFLICT (tenant_id, channel_id, contact_id) DO NOTHING

-- name: append
-- Statement 1: numbers the rows in order of arrival and inserts them in order of their keys. A
-- known key changes nothing.
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
-- The command stored under this key.
SELECT command FROM inbox WHERE tenant_id = $1 AND channel_id = $2 AND dedupe_key = $3

-- name: outcome
-- The row and the outcome of a command by its key. processed_at is null while it is pending.
SELECT id, processed_at, outcome FROM inbox
 WHERE tenant_id = $1 AND channel_id = $2 AND dedupe_key = $3

-- name: suspend_pending
-- The tenant was suspended: stores a command for every conversation that the assistant holds or
-- serves after hours.
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
-- Stores the status of a channel's WhatsApp session; the last one wins. A connected channel is no
-- longer held.
UPDATE channels
   SET status = $2, status_reason = $3, status_at = now(),
       held_until = CASE WHEN $2 = 'connected' THEN NULL ELSE held_until END,
       held_reason = CASE WHEN $2 = 'connected' THEN NULL ELSE held_reason END,
       holds = CASE WHEN $2 = 'connected' THEN 0 ELSE holds END
 WHERE id = $1

-- name: purge_raw
-- Removes the raw bodies of processed rows after three days, of rows received from $2 on. Until then
-- they help to diagnose what a gateway sent. Returns how many, and when the last one was received.
WITH purged AS (
    UPDATE inbox SET raw = NULL
     WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM inbox
          WHERE received_at >= $2 AND received_at < now() - interval '3 days'
            AND processed_at IS NOT NULL AND raw IS NOT NULL
          ORDER BY received_at LIMIT $1))
    RETURNING received_at
)
SELECT count(*) AS bodies, max(received_at) AS last_at FROM purged

-- name: purge_rows
-- Deletes processed rows after 30 days, when no gateway repeats their dedupe keys any more. Returns
-- how many.
WITH purged AS (
    DELETE FROM inbox
     WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM inbox
          WHERE received_at < now() - interval '30 days' AND processed_at IS NOT NULL LIMIT $1))
    RETURNING 1
)
SELECT count(*) FROM purged
