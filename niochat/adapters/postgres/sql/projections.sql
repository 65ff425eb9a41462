-- name: create_projection
-- Begins the first generation of a projection.
INSERT INTO analytics.projections (tenant_id, name, generation) VALUES ($1, $2, 1)
ON CONFLICT DO NOTHING

-- name: create_position
-- Begins to read the log at its start, with this revision ($4) of the code.
INSERT INTO analytics.positions (tenant_id, name, generation, revision) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING

-- name: live_generation
-- The generation that reports read.
SELECT generation FROM analytics.projections WHERE tenant_id = $1 AND name = $2

-- name: lock_live_generation
-- The same with the revision of the code that wrote it; nobody flips until the transaction ends.
SELECT j.generation, coalesce(p.revision, 0) AS revision
  FROM analytics.projections j
  LEFT JOIN analytics.positions p
         ON p.tenant_id = j.tenant_id AND p.name = j.name AND p.generation = j.generation
 WHERE j.tenant_id = $1 AND j.name = $2 FOR NO KEY UPDATE OF j

-- name: newest_generation
-- The newest generation, which is being built if it is not the live one.
SELECT generation, revision FROM analytics.positions
 WHERE tenant_id = $1 AND name = $2 ORDER BY generation DESC LIMIT 1

-- name: lock_position
-- The position of a generation, for one reader at a time, and the end of the log. While it is
-- stopped, `due` says that it is time to try again.
SELECT xid::text, conversation_id, version, events, failed_version, log_horizon()::text AS horizon,
       retry_at IS NULL OR retry_at <= now() AS due
  FROM analytics.positions
 WHERE tenant_id = $1 AND name = $2 AND generation = $3 FOR UPDATE SKIP LOCKED

-- name: wait_for_position
-- The same, after whoever reads now has finished.
SELECT xid::text, conversation_id, version FROM analytics.positions
 WHERE tenant_id = $1 AND name = $2 AND generation = $3 FOR UPDATE

-- name: read_log
-- The next events of a tenant, in the order of the log, with the bodies of these types ($7) or all.
SELECT xid::text, conversation_id, version, thread_id, type,
       CASE WHEN $7::text[] IS NULL OR type = ANY ($7) THEN body END AS body, schema_version, at
  FROM events
 WHERE tenant_id = $1
   AND (xid, conversation_id, version) > ($2::text::xid8, $3::uuid, $4::bigint)
   AND xid < $5::text::xid8
 ORDER BY events.xid, conversation_id, version LIMIT $6

-- name: read_log_of_types
-- The next $6 events, of which only those of these types ($7) are returned, and the last one. Each
-- row says how many events that were.
SELECT n.xid::text, n.conversation_id, n.version, n.thread_id, n.type, n.body, n.schema_version, n.at,
       n.events
  FROM (SELECT e.*, row_number() OVER () AS number, count(*) OVER () AS events
          FROM (SELECT xid, conversation_id, version, thread_id, type,
                       CASE WHEN type = ANY ($7::text[]) THEN body END AS body, schema_version, at
                  FROM events
                 WHERE tenant_id = $1
                   AND (xid, conversation_id, version) > ($2::text::xid8, $3::uuid, $4::bigint)
                   AND xid < $5::text::xid8
                 ORDER BY events.xid, conversation_id, version LIMIT $6) AS e) AS n
 WHERE n.type = ANY ($7) OR n.number = n.events
 ORDER BY n.number

-- name: read_log_to
-- The same up to a position.
SELECT xid::text, conversation_id, version, thread_id, type,
       CASE WHEN $9::text[] IS NULL OR type = ANY ($9) THEN body END AS body, schema_version, at
  FROM events
 WHERE tenant_id = $1
   AND (xid, conversation_id, version) > ($2::text::xid8, $3::uuid, $4::bigint)
   AND (xid, conversation_id, version) <= ($5::text::xid8, $6::uuid, $7::bigint)
 ORDER BY events.xid, conversation_id, version LIMIT $8

-- name: save_position
-- Stores how far the log was read; a stopped projection runs again.
UPDATE analytics.positions
   SET xid = $4::text::xid8, conversation_id = $5, version = $6, events = events + $7,
       read_at = now(), failed_conversation = NULL, failed_version = NULL, failed_since = NULL,
       failed_reason = NULL, retry_at = NULL
 WHERE tenant_id = $1 AND name = $2 AND generation = $3

-- name: save_failure
-- Stores the event before which the projection has stopped, and since when.
UPDATE analytics.positions
   SET failed_since = CASE WHEN failed_conversation = $4 AND failed_version = $5
                           THEN failed_since ELSE now() END,
       failed_conversation = $4, failed_version = $5, failed_reason = $6,
       retry_at = now() + make_interval(secs => $7)
 WHERE tenant_id = $1 AND name = $2 AND generation = $3

-- name: list_behind
-- The live generations that have not read all events, of all tenants. `oldest_at` is the time of
-- the first unread event. Row-level security lets only plain columns bound an index, so defaults are
-- set in a query of their own (OFFSET keeps it so).
SELECT r.tenant_id, r.name, r.generation, u.at AS oldest_at, r.stopped, r.due
  FROM (SELECT t.tenant_id, n.name, coalesce(j.generation, 1) AS generation,
               p.failed_version IS NOT NULL AS stopped, p.retry_at <= now() IS NOT FALSE AS due,
               coalesce(p.xid, '0') AS xid, coalesce(p.version, 0) AS version,
               coalesce(p.conversation_id, '00000000-0000-0000-0000-000000000000')
                   AS conversation_id, log_horizon() AS horizon
          FROM tenants t
         CROSS JOIN unnest($1::text[]) AS n (name)
          LEFT JOIN analytics.projections j ON j.tenant_id = t.tenant_id AND j.name = n.name
          LEFT JOIN analytics.positions p
                 ON p.tenant_id = t.tenant_id AND p.name = n.name AND p.generation = j.generation
        OFFSET 0) AS r
 CROSS JOIN LATERAL (
       SELECT e.at FROM events e
        WHERE e.tenant_id = r.tenant_id
          AND (e.xid, e.conversation_id, e.version) > (r.xid, r.conversation_id, r.version)
          AND e.xid < r.horizon
        ORDER BY e.xid, e.conversation_id, e.version LIMIT 1) AS u

-- name: list_outdated
-- Projections whose live generation older code wrote ($2: revisions of the code by name), unless the
-- one that replaces it has stopped; and those with rows of a generation that served before.
SELECT j.tenant_id, j.name
  FROM analytics.projections j
  JOIN analytics.positions p USING (tenant_id, name, generation)
  JOIN unnest($1::text[], $2::integer[]) AS n (name, revision) USING (name)
 WHERE p.revision < n.revision AND NOT EXISTS (
       SELECT FROM analytics.positions w
        WHERE w.tenant_id = j.tenant_id AND w.name = j.name AND w.generation > j.generation
          AND w.revision = n.revision AND w.retry_at > now())
    OR EXISTS (SELECT FROM analytics.positions o
                WHERE o.tenant_id = j.tenant_id AND o.name = j.name AND o.generation < j.generation)

-- name: list_stopped
-- Projections that have stopped before an event, of all tenants.
SELECT t.slug, p.tenant_id, p.name, p.generation, p.failed_conversation, p.failed_version,
       p.failed_since, p.failed_reason
  FROM analytics.positions p
  JOIN tenants t USING (tenant_id)
 WHERE p.failed_version IS NOT NULL ORDER BY t.slug, p.name, p.generation

-- name: tenant_lag
-- The time of the first event that a projection of the tenant has not read, and the time now.
SELECT min(u.at) AS oldest_at, now() AS now
  FROM (SELECT coalesce(p.xid, '0') AS xid, coalesce(p.version, 0) AS version,
               coalesce(p.conversation_id, '00000000-0000-0000-0000-000000000000')
                   AS conversation_id
          FROM unnest($2::text[]) AS n (name)
          LEFT JOIN analytics.projections j ON j.tenant_id = $1 AND j.name = n.name
          LEFT JOIN analytics.positions p
                 ON p.tenant_id = $1 AND p.name = n.name AND p.generation = j.generation
        OFFSET 0) AS r
  LEFT JOIN LATERAL (
       SELECT e.at FROM events e
        WHERE e.tenant_id = $1
          AND (e.xid, e.conversation_id, e.version) > (r.xid, r.conversation_id, r.version)
        ORDER BY e.xid, e.conversation_id, e.version LIMIT 1) AS u ON true

-- name: count_events
-- How many events a tenant's log has.
SELECT count(*) FROM events WHERE tenant_id = $1

-- name: flip
-- Lets reports read another generation.
UPDATE analytics.projections SET generation = $3 WHERE tenant_id = $1 AND name = $2

-- name: old_generations
-- Generations that are older than the live one.
SELECT p.generation FROM analytics.positions p
  JOIN analytics.projections j USING (tenant_id, name)
 WHERE p.tenant_id = $1 AND p.name = $2 AND p.generation < j.generation ORDER BY 1

-- name: delete_position
-- Forgets a generation after its rows are gone.
DELETE FROM analytics.positions WHERE tenant_id = $1 AND name = $2 AND generation = $3

-- name: tenant_hours
-- What business hours depend on.
SELECT status, policy, timezone FROM tenants WHERE tenant_id = $1

-- name: events_read
-- How many events a generation has read.
SELECT events FROM analytics.positions WHERE tenant_id = $1 AND name = $2 AND generation = $3
