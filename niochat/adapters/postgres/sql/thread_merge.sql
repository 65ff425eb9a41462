-- name: lock_threads
-- Locks both threads in order of their ids and reads their contacts.
SELECT t.id, t.contact_id, t.merged_into FROM threads t
 WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[]) ORDER BY t.id FOR UPDATE

-- name: owned
-- Whether this host owns the shard of the remaining thread.
SELECT EXISTS (SELECT FROM shards WHERE shard = shard_of($1) AND host = $2 AND epoch = $3)

-- name: lock_conversations
-- The unresolved conversations of both threads, the older one first.
SELECT id, thread_id, state, schema_version, version FROM conversations
 WHERE thread_id = ANY ($1::uuid[]) AND status <> 'resolved'
 ORDER BY opened_at, id FOR UPDATE

-- name: lock_awaiting
-- The resolved conversations of both threads whose rating or follow-up has no answer yet.
SELECT thread_id, state, schema_version FROM conversations
 WHERE thread_id = ANY ($1::uuid[])
   AND (rating_until = 'infinity' OR rating_until > now()
        AND (state #>> '{follow_up,answer_until}')::timestamptz > now())
 ORDER BY id FOR UPDATE

-- name: write_conversation
-- Stores a conversation's new state, the columns by which lists are sorted, and its thread.
UPDATE conversations
   SET thread_id = $3, state = $4, version = $5, status = $6, team = $7, agent = $8,
       paused_until = $9, changed_at = now(),
       resolved_at = CASE WHEN $6 = 'resolved' THEN coalesce(resolved_at, now()) END,
       rating_status = coalesce($4::jsonb #>> '{rating,status}', rating_status), rating_until = NULL,
       waiting_since = CASE WHEN ($4::jsonb -> 'waits')::bool THEN coalesce(waiting_since, now()) END,
       snoozed_until = ($4::jsonb ->> 'snoozed_until')::timestamptz
 WHERE tenant_id = $1 AND id = $2

-- name: add_event
-- Inserts one event of a merged conversation.
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now())

-- name: move_messages
-- Moves all messages to the remaining thread.
UPDATE messages SET thread_id = $3 WHERE tenant_id = $1 AND thread_id = $2

-- name: move_files
-- Moves the files that are still to be fetched.
UPDATE attachments SET thread_id = $3
 WHERE tenant_id = $1 AND thread_id = $2 AND status = 'wanted'

-- name: move_readings
-- Moves the readings that are not finished.
UPDATE readings SET thread_id = $3
 WHERE tenant_id = $1 AND thread_id = $2 AND status IN ('waiting', 'wanted')

-- name: move_ratings
-- Moves the ratings, because one person is asked once in a while.
UPDATE ratings SET thread_id = $3 WHERE tenant_id = $1 AND thread_id = $2

-- name: move_inbox
-- Moves the pending inbox rows.
UPDATE inbox SET thread_id = $3, shard = shard_of($3)
 WHERE tenant_id = $1 AND thread_id = $2 AND processed_at IS NULL

-- name: rehome_outbox
-- Assigns the unsettled sends of the merged conversation to the remaining one.
UPDATE outbox SET conversation_id = $3
 WHERE tenant_id = $1 AND conversation_id = $2 AND status IN ('queued', 'sending', 'uncertain')

-- name: move_outbox
-- Moves all sends, also settled ones, because their echoes may still arrive.
UPDATE outbox SET thread_id = $3, shard = shard_of($3) WHERE tenant_id = $1 AND thread_id = $2

-- name: move_unmatched
-- Copies updates whose messages have not arrived yet.
INSERT INTO unmatched (tenant_id, thread_id, external_id, kind, value, kept_at)
SELECT tenant_id, $3, external_id, kind, value, kept_at FROM unmatched
 WHERE tenant_id = $1 AND thread_id = $2
    ON CONFLICT DO NOTHING

-- name: drop_unmatched
-- Deletes the updates that were copied.
DELETE FROM unmatched WHERE tenant_id = $1 AND thread_id = $2 AND thread_id <> $3

-- name: move_turns
-- Moves running turns. The new owner runs them again as another attempt.
UPDATE turns SET thread_id = $3, shard = shard_of($3), host = 'moved'
 WHERE tenant_id = $1 AND thread_id = $2 AND status = 'running'

-- name: keep_timers
-- Deletes all timers except those of the remaining conversation.
DELETE FROM timers
 WHERE tenant_id = $1 AND thread_id = ANY ($2::uuid[])
   AND conversation_id IS DISTINCT FROM $3::uuid

-- name: move_timers
-- Moves the timers to the remaining thread.
UPDATE timers SET thread_id = $3, shard = shard_of($3) WHERE tenant_id = $1 AND thread_id = $2

-- name: settle_turns
-- Cancels the turns of a merged conversation.
UPDATE turns SET status = 'cancelled', code = 'merged', settled_at = now()
 WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'running'

-- name: move_identities
-- Moves the addresses to the remaining contact, which has one current address of each kind.
UPDATE identities i
   SET contact_id = $3,
       left_at = CASE WHEN EXISTS (
           SELECT FROM identities o WHERE o.tenant_id = $1 AND o.contact_id = $3
                                      AND o.kind = i.kind AND o.left_at IS NULL)
           THEN coalesce(left_at, now()) ELSE left_at END
 WHERE tenant_id = $1 AND contact_id = $2

-- name: move_threads
-- Moves threads on channels where the remaining contact has none.
UPDATE threads t SET contact_id = $3
 WHERE t.tenant_id = $1 AND t.contact_id = $2 AND t.merged_into IS NULL AND t.id <> $4
   AND NOT EXISTS (SELECT FROM threads o
                    WHERE o.tenant_id = $1 AND o.contact_id = $3 AND o.channel_id = t.channel_id)

-- name: other_threads
-- Pairs of threads on channels where both contacts have one. Commands of their own merge them.
SELECT a.id AS stays, b.id AS joins, a.channel_id
  FROM threads b JOIN threads a
    ON a.tenant_id = b.tenant_id AND a.channel_id = b.channel_id AND a.contact_id = $3
 WHERE b.tenant_id = $1 AND b.contact_id = $2 AND b.merged_into IS NULL AND b.id <> $4

-- name: add_merge_command
-- Stores the command that merges such a pair.
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
VALUES ($1, nextval('inbox_numbers'), $2, $3, shard_of($3), $4,
        jsonb_build_object('type', 'link_thread', 'other', $5::text))
    ON CONFLICT (channel_id, dedupe_key) DO NOTHING

-- name: merge
-- Records into which thread the other thread was merged.
UPDATE threads SET merged_into = $3 WHERE tenant_id = $1 AND id = $2

-- name: done
-- Marks the command as processed.
UPDATE inbox SET processed_at = now(), outcome = 'done'
 WHERE tenant_id = $1 AND id = $2 AND processed_at IS NULL
