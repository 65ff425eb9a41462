-- name: lock_threads
-- Both threads, in id order, with their contacts; the one that stays must be ours.
SELECT t.id, t.contact_id, t.merged_into FROM threads t
 WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[]) ORDER BY t.id FOR UPDATE

-- name: owned
-- Whether the shard of the thread that stays is ours.
SELECT EXISTS (SELECT FROM shards WHERE shard = shard_of($1) AND host = $2 AND epoch = $3)

-- name: lock_conversations
-- The live conversations of both, the older first.
SELECT id, thread_id, state, schema_version, version FROM conversations
 WHERE thread_id = ANY ($1::uuid[]) AND status <> 'resolved'
 ORDER BY opened_at, id FOR UPDATE

-- name: write_conversation
-- New state, what lists sort by of it, and the thread it now belongs to.
UPDATE conversations
   SET thread_id = $3, state = $4, version = $5, status = $6, team = $7, agent = $8,
       paused_until = $9, changed_at = now(),
       resolved_at = CASE WHEN $6 = 'resolved' THEN now() END,
       waiting_since = CASE WHEN ($4::jsonb -> 'waits')::bool THEN coalesce(waiting_since, now()) END,
       snoozed_until = ($4::jsonb ->> 'snoozed_until')::timestamptz
 WHERE tenant_id = $1 AND id = $2

-- name: add_event
-- One event of a joined conversation.
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now())

-- name: move_messages
-- All that was said goes with the person.
UPDATE messages SET thread_id = $3 WHERE tenant_id = $1 AND thread_id = $2

-- name: move_files
-- So do the files that are still to be fetched.
UPDATE attachments SET thread_id = $3
 WHERE tenant_id = $1 AND thread_id = $2 AND status = 'wanted'

-- name: move_readings
-- And what they say, where it is not known yet.
UPDATE readings SET thread_id = $3
 WHERE tenant_id = $1 AND thread_id = $2 AND status IN ('waiting', 'wanted')

-- name: move_inbox
-- Pending rows go on in the thread that stays.
UPDATE inbox SET thread_id = $3, shard = shard_of($3)
 WHERE tenant_id = $1 AND thread_id = $2 AND processed_at IS NULL

-- name: rehome_outbox
-- What the merged conversation had queued leaves in the name of the one that goes on.
UPDATE outbox SET conversation_id = $3
 WHERE tenant_id = $1 AND conversation_id = $2 AND status IN ('queued', 'sending', 'uncertain')

-- name: move_outbox
-- So do the sends, settled ones too: their echoes will look for them.
UPDATE outbox SET thread_id = $3, shard = shard_of($3) WHERE tenant_id = $1 AND thread_id = $2

-- name: move_unmatched
-- And the news of messages still to come.
INSERT INTO unmatched (tenant_id, thread_id, external_id, kind, value, kept_at)
SELECT tenant_id, $3, external_id, kind, value, kept_at FROM unmatched
 WHERE tenant_id = $1 AND thread_id = $2
    ON CONFLICT DO NOTHING

-- name: drop_unmatched
-- They were copied.
DELETE FROM unmatched WHERE tenant_id = $1 AND thread_id = $2 AND thread_id <> $3

-- name: move_turns
-- Turns that run go on under the new owner, as another attempt.
UPDATE turns SET thread_id = $3, shard = shard_of($3), host = 'moved'
 WHERE tenant_id = $1 AND thread_id = $2 AND status = 'running'

-- name: keep_timers
-- Only the timers of the conversation that goes on are kept.
DELETE FROM timers
 WHERE tenant_id = $1 AND thread_id = ANY ($2::uuid[])
   AND conversation_id IS DISTINCT FROM $3::uuid

-- name: move_timers
-- They fire in the thread that stays.
UPDATE timers SET thread_id = $3, shard = shard_of($3) WHERE tenant_id = $1 AND thread_id = $2

-- name: settle_turns
-- Turns of a conversation that was merged.
UPDATE turns SET status = 'cancelled', code = 'merged', settled_at = now()
 WHERE tenant_id = $1 AND conversation_id = $2 AND status = 'running'

-- name: move_identities
-- The person has one contact from now on, and one current address of each kind.
UPDATE identities i
   SET contact_id = $3,
       left_at = CASE WHEN EXISTS (
           SELECT FROM identities o WHERE o.tenant_id = $1 AND o.contact_id = $3
                                      AND o.kind = i.kind AND o.left_at IS NULL)
           THEN coalesce(left_at, now()) ELSE left_at END
 WHERE tenant_id = $1 AND contact_id = $2

-- name: move_threads
-- Threads on other channels where the contact that stays has none yet.
UPDATE threads t SET contact_id = $3
 WHERE t.tenant_id = $1 AND t.contact_id = $2 AND t.merged_into IS NULL AND t.id <> $4
   AND NOT EXISTS (SELECT FROM threads o
                    WHERE o.tenant_id = $1 AND o.contact_id = $3 AND o.channel_id = t.channel_id)

-- name: other_threads
-- Channels where both had a thread: these pairs are joined by commands of their own.
SELECT a.id AS stays, b.id AS joins, a.channel_id
  FROM threads b JOIN threads a
    ON a.tenant_id = b.tenant_id AND a.channel_id = b.channel_id AND a.contact_id = $3
 WHERE b.tenant_id = $1 AND b.contact_id = $2 AND b.merged_into IS NULL AND b.id <> $4

-- name: add_merge_command
-- The command that joins such a pair.
INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
VALUES ($1, nextval('inbox_numbers'), $2, $3, shard_of($3), $4,
        jsonb_build_object('type', 'link_thread', 'other', $5::text))
    ON CONFLICT (channel_id, dedupe_key) DO NOTHING

-- name: merge
-- The other thread points to where it went.
UPDATE threads SET merged_into = $3 WHERE tenant_id = $1 AND id = $2

-- name: done
-- The command is processed.
UPDATE inbox SET processed_at = now(), outcome = 'done'
 WHERE tenant_id = $1 AND id = $2 AND processed_at IS NULL
