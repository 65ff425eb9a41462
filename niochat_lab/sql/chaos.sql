-- name: count_host_shards
-- How many shards belong to the host process of that number.
SELECT count(*) FROM shards s JOIN hosts h ON h.incarnation = s.host WHERE h.pid = $1

-- name: unprocessed_inbox_rows
-- What came in and was not processed, or was put aside.
SELECT id, thread_id, outcome FROM inbox
 WHERE processed_at IS NULL OR outcome LIKE 'parked:%' ORDER BY id

-- name: customer_messages
-- Every message of a customer, by the gateway's id, with the state of its conversation.
SELECT m.external_id, count(*) AS copies, bool_or(c.status IN ('waiting', 'open', 'snoozed')) AS with_people
  FROM messages m
  LEFT JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
 WHERE m.author = 'customer' AND m.external_id IS NOT NULL
 GROUP BY m.tenant_id, m.external_id

-- name: outbox_rows
-- What left or should have left, in the order of each thread.
SELECT id, thread_id, position, status, external_id FROM outbox ORDER BY thread_id, position

-- name: conversation_logs
-- Every conversation with its events, to be folded again.
SELECT c.id, c.state, c.schema_version, c.version,
       array_agg(e.body ORDER BY e.version) AS log,
       array_agg(e.version ORDER BY e.version) AS versions
  FROM conversations c
  JOIN events e ON e.tenant_id = c.tenant_id AND e.conversation_id = c.id
 GROUP BY c.tenant_id, c.id

-- name: tenant_ids
-- Everybody there is.
SELECT tenant_id FROM tenants ORDER BY tenant_id

-- name: count_unknown_writes
-- Writes to the tenant's ERP whose outcome nobody knows.
SELECT count(*) FROM erp_writes WHERE tenant_id = $1 AND status = 'sending'

-- name: stopped_projections
-- Projections that stopped at an event.
SELECT tenant_id, name, failed_reason FROM analytics.positions WHERE failed_version IS NOT NULL

-- name: count_differing_conversation_measures
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.conversation_measures t
     WHERE tenant_id = $1 AND generation IN ($2, $3)
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_human_answers
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.human_answers t
     WHERE tenant_id = $1 AND generation IN ($2, $3)
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_rollups
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.rollups t
     WHERE tenant_id = $1 AND generation IN ($2, $3)
       AND EXISTS (SELECT FROM jsonb_each(to_jsonb(t) - 'generation') AS e (name, value)
                    WHERE jsonb_typeof(e.value) = 'number' AND e.value <> '0')
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_answer_rollups
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.answer_rollups t
     WHERE tenant_id = $1 AND generation IN ($2, $3) AND (answers, answer_ms, answer_open_ms) <> (0, 0, 0)
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_duration_rollups
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.duration_rollups t
     WHERE tenant_id = $1 AND generation IN ($2, $3) AND conversations <> 0
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_assistant_turns
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.assistant_turns t
     WHERE tenant_id = $1 AND generation IN ($2, $3)
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_deliveries
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.deliveries t
     WHERE tenant_id = $1 AND generation IN ($2, $3)
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: count_differing_delivery_rollups
-- Rows of two generations that are in one of them only. Sums of nothing count as no row.
SELECT count(*) FROM (
    SELECT to_jsonb(t) - 'generation' AS row, count(*) FILTER (WHERE generation = $2) AS live,
           count(*) FILTER (WHERE generation = $3) AS built
      FROM analytics.delivery_rollups t
     WHERE tenant_id = $1 AND generation IN ($2, $3) AND queued <> 0
     GROUP BY 1) AS rows
 WHERE live <> built

-- name: mirrored
-- The tenants that are mirrored to a Supabase project.
SELECT tenant_id FROM mirror_positions

-- name: refused_rows
-- How many rows of a tenant its project refuses.
SELECT count(*) FROM mirror_dead_letters WHERE tenant_id = $1

-- name: is_mirrored
-- Whether all that was written is sent, roll-ups and the backfill too.
SELECT EXISTS (
       SELECT FROM mirror_positions p
         LEFT JOIN analytics.projections j ON j.tenant_id = p.tenant_id AND j.name = 'conversations'
         LEFT JOIN analytics.positions q
                ON q.tenant_id = p.tenant_id AND q.name = j.name AND q.generation = j.generation
        WHERE p.tenant_id = $1 AND p.backfill_source IS NULL AND p.failure IS NULL
          AND (q.xid IS NULL OR (q.xid, q.conversation_id, q.version)
               <= (p.rollup_xid, p.rollup_conversation, p.rollup_version))
          AND NOT EXISTS (SELECT FROM mirror_changes c WHERE c.tenant_id = $1)
          AND NOT EXISTS (SELECT FROM events e
                           WHERE e.tenant_id = $1
                             AND (e.xid, e.conversation_id, e.version)
                                 > (p.log_xid, p.log_conversation, p.log_version)))
