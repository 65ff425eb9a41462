-- name: begin
-- Begins to mirror a tenant at the end of its log; what is older is the backfill's. Roll-ups are read
-- from where their projection is.
INSERT INTO mirror_positions (tenant_id, log_xid, log_conversation, log_version, audit_xid, audit_id,
                              rollup_generation, rollup_xid, rollup_conversation, rollup_version)
SELECT $1, log_horizon(), '00000000-0000-0000-0000-000000000000', 0, log_horizon(), 0,
       coalesce(p.generation, 0), coalesce(p.xid, '0'),
       coalesce(p.conversation_id, '00000000-0000-0000-0000-000000000000'), coalesce(p.version, 0)
  FROM (VALUES (1)) AS one (row)
  LEFT JOIN analytics.projections j ON j.tenant_id = $1 AND j.name = 'conversations'
  LEFT JOIN analytics.positions p
         ON p.tenant_id = $1 AND p.name = j.name AND p.generation = j.generation
    ON CONFLICT DO NOTHING

-- name: list_positions
-- The tenants that are mirrored, and for what settings their backfill runs or ran.
SELECT tenant_id, backfill_for FROM mirror_positions

-- name: forget
-- Ends the mirroring of a tenant. If it begins again, everything is sent anew.
DELETE FROM mirror_positions WHERE tenant_id = $1

-- name: forget_changes
-- Deletes the changes of a tenant that is not mirrored any more.
DELETE FROM mirror_changes WHERE tenant_id = $1

-- name: list_due
-- Of these tenants those with something to send, those ($2) with entries of the audit log, and those
-- whose last visit failed, unless another process is at work or the failure is recent. Row-level security lets only plain columns bound an index, so the horizon is computed apart.
SELECT r.tenant_id
  FROM (SELECT p.*, log_horizon() AS horizon FROM mirror_positions p
         WHERE p.tenant_id = ANY ($1::uuid[]) AND p.retry_at <= now() AND p.leased_until < now()
        OFFSET 0) AS r
 WHERE r.backfill_source IS NOT NULL OR r.failure IS NOT NULL OR r.tenant_id = ANY ($2::uuid[])
    OR EXISTS (SELECT FROM mirror_changes c WHERE c.tenant_id = r.tenant_id)
    OR EXISTS (SELECT FROM events e
                WHERE e.tenant_id = r.tenant_id
                  AND (e.xid, e.conversation_id, e.version)
                      > (r.log_xid, r.log_conversation, r.log_version)
                  AND e.xid < r.horizon)
    OR EXISTS (SELECT FROM analytics.projections j
                 JOIN analytics.positions p
                   ON p.tenant_id = j.tenant_id AND p.name = j.name AND p.generation = j.generation
                WHERE j.tenant_id = r.tenant_id AND j.name = 'conversations'
                  AND (p.xid, p.conversation_id, p.version)
                      > (r.rollup_xid, r.rollup_conversation, r.rollup_version))

-- name: claim
-- Lets one process mirror a tenant for $2 seconds, and gives it the version of its first batch.
UPDATE mirror_positions p
   SET version = greatest(p.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint),
       leased_until = now() + make_interval(secs => $2)
  FROM (SELECT version FROM mirror_positions WHERE tenant_id = $1) AS before
 WHERE p.tenant_id = $1 AND p.leased_until < now()
RETURNING p.*, before.version AS previous_version, log_horizon()::text AS horizon

-- name: renew
-- The same for the next batch of the process that made the batch $3.
UPDATE mirror_positions p
   SET version = greatest(p.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint),
       leased_until = now() + make_interval(secs => $2)
 WHERE p.tenant_id = $1 AND p.version = $3
RETURNING p.*, $3 AS previous_version, log_horizon()::text AS horizon

-- name: keep
-- Extends the claim of the process that makes the batch $3.
UPDATE mirror_positions SET leased_until = now() + make_interval(secs => $2)
 WHERE tenant_id = $1 AND version = $3

-- name: release
-- Lets another process mirror the tenant.
UPDATE mirror_positions SET leased_until = '-infinity' WHERE tenant_id = $1 AND version = $2

-- name: finish
-- The same after a visit that sent all that it found: the project works.
UPDATE mirror_positions
   SET leased_until = '-infinity', failures = 0, failed_since = NULL, failure = NULL,
       failure_detail = NULL, retry_at = '-infinity'
 WHERE tenant_id = $1 AND version = $2

-- name: save_sent
-- Stores that the batch $2 was sent: $3 rows.
UPDATE mirror_positions
   SET rows_sent = rows_sent + $3, mirrored_at = now(), failures = 0, failed_since = NULL,
       failure = NULL, failure_detail = NULL, retry_at = '-infinity'
 WHERE tenant_id = $1 AND version = $2

-- name: save_log_position
-- Stores how far the log was read.
UPDATE mirror_positions
   SET log_xid = $3::text::xid8, log_conversation = $4, log_version = $5
 WHERE tenant_id = $1 AND version = $2

-- name: save_audit_position
-- Stores how far the audit log was read.
UPDATE mirror_positions SET audit_xid = $3::text::xid8, audit_id = $4
 WHERE tenant_id = $1 AND version = $2

-- name: save_rollup_position
-- Stores how far the log was read for roll-ups, and the generation that they belong to.
UPDATE mirror_positions
   SET rollup_generation = $3, rollup_xid = $4::text::xid8, rollup_conversation = $5,
       rollup_version = $6
 WHERE tenant_id = $1 AND version = $2

-- name: save_failure
-- Stores why a batch was not sent, and when to try again.
UPDATE mirror_positions
   SET failures = failures + 1, failed_since = coalesce(failed_since, now()), failure = $3,
       failure_detail = $4, retry_at = now() + make_interval(secs => $5),
       leased_until = '-infinity'
 WHERE tenant_id = $1 AND version = $2

-- name: start_backfill
-- Sends everything of a tenant anew, beginning with a source. Whoever has the claim loses it, because
-- it may send to another project.
UPDATE mirror_positions
   SET version = greatest(version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint),
       leased_until = '-infinity', backfill_for = $2, backfill_source = $3, backfill_after = '', backfill_done = 0,
       backfill_total = 0, retry_at = '-infinity'
 WHERE tenant_id = $1

-- name: save_backfill
-- Stores how far the backfill is; without a source it is complete. It may have begun again meanwhile.
UPDATE mirror_positions
   SET backfill_source = $4, backfill_after = $5, backfill_done = backfill_done + $6
 WHERE tenant_id = $1 AND version = $2 AND backfill_source = $3 AND backfill_for = $7

-- name: save_backfill_total
-- Stores how many rows the backfill will send.
UPDATE mirror_positions SET backfill_total = $2 WHERE tenant_id = $1

-- name: backfill_progress
-- How far the backfill is, and what keeps it.
SELECT backfill_source, backfill_done, backfill_total, failure, failure_detail, retry_at
  FROM mirror_positions WHERE tenant_id = $1

-- name: count_sources
-- How many rows a backfill of everything reads, estimated from the conversations' and messages' counts.
SELECT (SELECT count(*) FROM contacts WHERE tenant_id = $1)
     + (SELECT count(*) FROM conversations WHERE tenant_id = $1)
     + (SELECT count(*) FROM messages WHERE tenant_id = $1)
     + (SELECT count(*) FROM ratings WHERE tenant_id = $1)
     + (SELECT count(*) FROM audit WHERE tenant_id = $1)

-- name: read_changes
-- The oldest changes without an event.
SELECT id, source, ref FROM mirror_changes WHERE tenant_id = $1 ORDER BY id LIMIT $2

-- name: add_changes
-- Has these rows of a source sent again.
INSERT INTO mirror_changes (tenant_id, source, ref) SELECT $1, $2, unnest($3::text[])

-- name: expand_thread
-- Has all conversations and messages of a thread sent again, instead of the change of the thread.
WITH gone AS (
    DELETE FROM mirror_changes WHERE tenant_id = $1 AND id = $2 RETURNING ref::uuid AS thread_id
)
INSERT INTO mirror_changes (tenant_id, source, ref)
SELECT $1, 'conversations', c.id::text FROM gone
  JOIN conversations c ON c.tenant_id = $1 AND c.thread_id = gone.thread_id
 UNION ALL
SELECT $1, 'messages', m.id::text FROM gone
  JOIN messages m ON m.tenant_id = $1 AND m.thread_id = gone.thread_id
 UNION ALL
SELECT $1, 'ratings', r.id::text FROM gone
  JOIN ratings r ON r.tenant_id = $1 AND r.thread_id = gone.thread_id AND r.status = 'answered'

-- name: delete_changes
-- Deletes changes whose rows were sent.
DELETE FROM mirror_changes WHERE tenant_id = $1 AND id = ANY ($2::bigint[])

-- name: read_log
-- The next events of a tenant, in the order of the log.
SELECT xid::text, conversation_id, version, thread_id, type, body ->> 'message' AS message,
       body ->> 'rating' AS rating
  FROM events
 WHERE tenant_id = $1
   AND (xid, conversation_id, version) > ($2::text::xid8, $3::uuid, $4::bigint)
   AND xid < $5::text::xid8
 ORDER BY events.xid, conversation_id, version LIMIT $6

-- name: contacts_of_threads
-- The contacts of these threads.
SELECT DISTINCT contact_id::text FROM threads WHERE tenant_id = $1 AND id = ANY ($2::uuid[])

-- name: cancelled_messages
-- The messages of these conversations that never left: no event names them.
SELECT id::text FROM messages
 WHERE tenant_id = $1 AND conversation_id = ANY ($2::uuid[]) AND code = 'cancelled'

-- name: oldest_audit_position
-- From where on the audit log may have entries that are not mirrored.
SELECT coalesce(min(audit_xid), log_horizon())::text FROM mirror_positions

-- name: horizon
-- The end of the logs.
SELECT log_horizon()::text

-- name: tenants_with_audit
-- The tenants that have entries of the audit log between two positions.
SELECT DISTINCT tenant_id FROM audit
 WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 AND tenant_id IS NOT NULL

-- name: read_audit
-- The next entries of the audit log.
SELECT a.xid::text, a.ref FROM mirrored_audit($1) a
 WHERE (a.xid, a.ref) > ($2::text::xid8, $3::bigint) AND a.xid < $4::text::xid8
 ORDER BY a.xid, a.ref LIMIT $5

-- name: rollup_horizon
-- How far the projection of conversations is, and its generation.
SELECT p.generation, p.xid::text, p.conversation_id, p.version
  FROM analytics.projections j
  JOIN analytics.positions p
    ON p.tenant_id = j.tenant_id AND p.name = j.name AND p.generation = j.generation
 WHERE j.tenant_id = $1 AND j.name = 'conversations'

-- name: changed_buckets
-- The buckets to which the next events belong that the projection has read ($5 to $7), and the last
-- of these events.
WITH unread AS MATERIALIZED (
    SELECT e.xid, e.conversation_id, e.version FROM events e
     WHERE e.tenant_id = $1
       AND (e.xid, e.conversation_id, e.version) > ($2::text::xid8, $3::uuid, $4::bigint)
       AND (e.xid, e.conversation_id, e.version) <= ($5::text::xid8, $6::uuid, $7::bigint)
     ORDER BY e.xid, e.conversation_id, e.version LIMIT $8
)
SELECT (SELECT count(*) FROM unread) AS events,
       last.xid::text, last.conversation_id, last.version,
       ARRAY(SELECT DISTINCT b.ref FROM (SELECT DISTINCT conversation_id FROM unread) u
               JOIN analytics.conversation_measures m
                 ON m.tenant_id = $1 AND m.generation = $9 AND m.conversation_id = u.conversation_id
              CROSS JOIN LATERAL (VALUES ('hour:' || extract(epoch FROM m.opened_hour)::bigint),
                                         ('day:' || extract(epoch FROM m.opened_day)::bigint))
                    AS b (ref)) AS buckets
  FROM (SELECT * FROM unread ORDER BY xid DESC, conversation_id DESC, version DESC LIMIT 1) AS last

-- name: save_dead_letter
-- Stores a row that the project refuses.
INSERT INTO mirror_dead_letters (tenant_id, source, ref, code, reason) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, source, ref) DO UPDATE
   SET code = excluded.code, reason = excluded.reason, attempts = mirror_dead_letters.attempts + 1,
       last_at = now()

-- name: delete_dead_letters
-- Forgets refused rows that were stored after all.
DELETE FROM mirror_dead_letters WHERE tenant_id = $1 AND source = $2 AND ref = ANY ($3::text[])

-- name: list_dead_letters
-- The refused rows of a tenant, the oldest first.
SELECT source, ref, code, reason, attempts, first_at, last_at FROM mirror_dead_letters
 WHERE tenant_id = $1 ORDER BY first_at, source, ref LIMIT $2

-- name: retry_dead_letters
-- Has the refused rows of a tenant sent again.
INSERT INTO mirror_changes (tenant_id, source, ref)
SELECT tenant_id, source, ref FROM mirror_dead_letters WHERE tenant_id = $1

-- name: lag
-- How far each mirrored tenant is behind: the time of the oldest change that is not sent.
SELECT r.tenant_id, t.slug, r.failure, r.failure_detail, r.failed_since, r.backfill_source,
       r.backfill_done, r.backfill_total, r.mirrored_at, s.paused_at,
       least((SELECT e.at FROM events e
               WHERE e.tenant_id = r.tenant_id
                 AND (e.xid, e.conversation_id, e.version)
                     > (r.log_xid, r.log_conversation, r.log_version)
               ORDER BY e.xid, e.conversation_id, e.version LIMIT 1),
             (SELECT c.at FROM mirror_changes c
               WHERE c.tenant_id = r.tenant_id ORDER BY c.id LIMIT 1)) AS oldest_at,
       (SELECT count(*) FROM mirror_dead_letters d WHERE d.tenant_id = r.tenant_id) AS dead_letters,
       now() AS now
  FROM (SELECT * FROM mirror_positions OFFSET 0) AS r
  JOIN tenants t ON t.tenant_id = r.tenant_id
  LEFT JOIN mirror_settings s ON s.tenant_id = r.tenant_id
 ORDER BY t.slug

-- name: restart_source
-- Has a source sent anew, unless a backfill runs, which comes to it later.
UPDATE mirror_positions SET backfill_source = $2, backfill_after = ''
 WHERE tenant_id = $1 AND backfill_source IS NULL

-- name: forget_dead_letters
-- Forgets the refused rows of a tenant that is not mirrored any more.
DELETE FROM mirror_dead_letters WHERE tenant_id = $1

-- name: mark_version
-- The version and time of marks that are set beside the batches of the mirror.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS version, now()::text AS at
