-- name: rows_of_contacts
-- Contacts by their ids ($2), in the shape of the mirror.
SELECT v.id::text AS ref, to_jsonb(v) AS row FROM mirrored_contacts v
 WHERE v.provedor_id = $1 AND v.id = ANY ($2::text[]::uuid[])

-- name: page_of_contacts
-- The next ids of contacts after one ('' at first).
SELECT r.id::text AS ref
  FROM (SELECT coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid AS last_id
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT id FROM contacts WHERE tenant_id = $1 AND id > place.last_id ORDER BY id LIMIT $3) AS r
 ORDER BY r.id

-- name: days_of_contacts
-- Contacts by day: how many, and the sum of their digests.
SELECT v.created_at::date AS day, count(*) AS counted, sum(mirror_digest(to_jsonb(v))) AS digest
  FROM mirrored_contacts v WHERE v.provedor_id = $1 AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1

-- name: day_of_contacts
-- The contacts of a day ($2) with their digests.
SELECT v.id, v.id::text AS ref, mirror_digest(to_jsonb(v)) AS digest FROM mirrored_contacts v
 WHERE v.provedor_id = $1 AND v.deleted_at IS NULL
   AND v.created_at >= $2::date AND v.created_at < $2::date + 1

-- name: rows_of_conversations
-- Conversations by their ids ($2), in the shape of the mirror.
SELECT v.id::text AS ref, to_jsonb(v) AS row FROM mirrored_conversations v
 WHERE v.provedor_id = $1 AND v.id = ANY ($2::text[]::uuid[])

-- name: page_of_conversations
-- The next ids of conversations after one ('' at first).
SELECT r.id::text AS ref
  FROM (SELECT coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid AS last_id
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT id FROM conversations WHERE tenant_id = $1 AND id > place.last_id ORDER BY id LIMIT $3) AS r
 ORDER BY r.id

-- name: days_of_conversations
-- Conversations by day: how many, and the sum of their digests.
SELECT v.created_at::date AS day, count(*) AS counted, sum(mirror_digest(to_jsonb(v))) AS digest
  FROM mirrored_conversations v WHERE v.provedor_id = $1 AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1

-- name: day_of_conversations
-- The conversations of a day ($2) with their digests.
SELECT v.id, v.id::text AS ref, mirror_digest(to_jsonb(v)) AS digest FROM mirrored_conversations v
 WHERE v.provedor_id = $1 AND v.deleted_at IS NULL
   AND v.created_at >= $2::date AND v.created_at < $2::date + 1

-- name: rows_of_messages
-- Messages by their ids ($2), in the shape of the mirror.
SELECT v.id::text AS ref, to_jsonb(v) AS row FROM mirrored_messages v
 WHERE v.provedor_id = $1 AND v.id = ANY ($2::text[]::uuid[])

-- name: page_of_messages
-- The next ids of messages after one ('' at first).
SELECT r.id::text AS ref
  FROM (SELECT coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid AS last_id
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT id FROM messages WHERE tenant_id = $1 AND id > place.last_id ORDER BY id LIMIT $3) AS r
 ORDER BY r.id

-- name: days_of_messages
-- Messages by day: how many, and the sum of their digests.
SELECT v.created_at::date AS day, count(*) AS counted, sum(mirror_digest(to_jsonb(v))) AS digest
  FROM mirrored_messages v WHERE v.provedor_id = $1 AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1

-- name: day_of_messages
-- The messages of a day ($2) with their digests.
SELECT v.id, v.id::text AS ref, mirror_digest(to_jsonb(v)) AS digest FROM mirrored_messages v
 WHERE v.provedor_id = $1 AND v.deleted_at IS NULL
   AND v.created_at >= $2::date AND v.created_at < $2::date + 1

-- name: rows_of_ratings
-- Ratings by their ids ($2), in the shape of the mirror.
SELECT v.id::text AS ref, to_jsonb(v) AS row FROM mirrored_ratings v
 WHERE v.provedor_id = $1 AND v.id = ANY ($2::text[]::uuid[])

-- name: page_of_ratings
-- The next ids of ratings after one ('' at first).
SELECT r.id::text AS ref
  FROM (SELECT coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid AS last_id
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT id FROM ratings WHERE tenant_id = $1 AND id > place.last_id ORDER BY id LIMIT $3) AS r
 ORDER BY r.id

-- name: days_of_ratings
-- Ratings by day: how many, and the sum of their digests.
SELECT v.created_at::date AS day, count(*) AS counted, sum(mirror_digest(to_jsonb(v))) AS digest
  FROM mirrored_ratings v WHERE v.provedor_id = $1 AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1

-- name: day_of_ratings
-- The ratings of a day ($2) with their digests.
SELECT v.id, v.id::text AS ref, mirror_digest(to_jsonb(v)) AS digest FROM mirrored_ratings v
 WHERE v.provedor_id = $1 AND v.deleted_at IS NULL
   AND v.created_at >= $2::date AND v.created_at < $2::date + 1

-- name: rows_of_audit
-- Entries of the audit log by their numbers ($2), in the shape of the mirror.
SELECT a.ref::text AS ref, to_jsonb(a) - 'ref' - 'xid' AS row FROM mirrored_audit($1) a
 WHERE a.ref = ANY ($2::text[]::bigint[])

-- name: page_of_audit
-- The next numbers of the audit log after one ('' at first).
SELECT r.ref::text AS ref
  FROM (SELECT coalesce(nullif($2, ''), '-1')::bigint AS last_ref OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT a.ref FROM mirrored_audit($1) a WHERE a.ref > place.last_ref
        ORDER BY a.ref LIMIT $3) AS r
 ORDER BY r.ref

-- name: days_of_audit
-- The audit log by day.
SELECT a.created_at::date AS day, count(*) AS counted,
       sum(mirror_digest(to_jsonb(a) - 'ref' - 'xid')) AS digest
  FROM mirrored_audit($1) a GROUP BY 1 ORDER BY 1

-- name: day_of_audit
-- The entries of a day ($2) with their digests.
SELECT a.id, a.ref::text AS ref, mirror_digest(to_jsonb(a) - 'ref' - 'xid') AS digest
  FROM mirrored_audit($1) a WHERE a.created_at >= $2::date AND a.created_at < $2::date + 1

-- name: rows_of_events
-- Events by conversation and version ($2), in the shape of the audit log of the mirror.
SELECT v.conversation_id || ':' || v.ref AS ref, to_jsonb(v) - 'ref' - 'xid' AS row
  FROM (SELECT split_part(ref, ':', 1)::uuid AS conversation_id,
               split_part(ref, ':', 2)::bigint AS version
          FROM unnest($2::text[]) AS w (ref) OFFSET 0) AS wanted
  JOIN mirrored_events v
    ON v.provedor_id = $1 AND v.conversation_id = wanted.conversation_id AND v.ref = wanted.version

-- name: page_of_events
-- The next events after one ('' at first) that the mirror's audit log has.
SELECT r.conversation_id || ':' || r.ref AS ref
  FROM (SELECT coalesce(nullif(split_part($2, ':', 1), ''),
                        '00000000-0000-0000-0000-000000000000')::uuid AS conversation_id,
               coalesce(nullif(split_part($2, ':', 2), ''), '0')::bigint AS version
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT v.conversation_id, v.ref FROM mirrored_events v
        WHERE v.provedor_id = $1
          AND (v.conversation_id, v.ref) > (place.conversation_id, place.version)
        ORDER BY v.conversation_id, v.ref LIMIT $3) AS r
 ORDER BY r.conversation_id, r.ref

-- name: days_of_events
-- These events by day.
SELECT v.created_at::date AS day, count(*) AS counted,
       sum(mirror_digest(to_jsonb(v) - 'ref' - 'xid')) AS digest
  FROM mirrored_events v WHERE v.provedor_id = $1 GROUP BY 1 ORDER BY 1

-- name: day_of_events
-- The events of a day ($2) with their digests.
SELECT v.id, v.conversation_id || ':' || v.ref AS ref,
       mirror_digest(to_jsonb(v) - 'ref' - 'xid') AS digest
  FROM mirrored_events v
 WHERE v.provedor_id = $1 AND v.created_at >= $2::date AND v.created_at < $2::date + 1

-- name: rows_of_rollups
-- The roll-ups of these buckets ($2: the grain and seconds since 1970), in the shape of the mirror.
SELECT wanted.ref, to_jsonb(v) AS row
  FROM (SELECT ref, split_part(ref, ':', 1) AS grain, d.dimension,
               to_timestamp(split_part(ref, ':', 2)::bigint) AS bucket
          FROM unnest($2::text[]) AS w (ref)
         CROSS JOIN unnest(ARRAY['none', 'team', 'agent', 'channel', 'label', 'handoff_reason',
                                 'contact_reason', 'served_by']) AS d (dimension)
        OFFSET 0) AS wanted
  JOIN mirrored_rollups v
    ON v.provedor_id = $1 AND v.grain = wanted.grain AND v.dimension = wanted.dimension
   AND v.bucket = wanted.bucket

-- name: page_of_rollups
-- The next buckets after one ('' at first).
SELECT r.grain || ':' || extract(epoch FROM r.bucket)::bigint AS ref
  FROM (SELECT split_part($2, ':', 1) AS grain,
               to_timestamp(coalesce(nullif(split_part($2, ':', 2), ''), '0')::bigint) AS bucket
        OFFSET 0) AS place
 CROSS JOIN LATERAL (
       SELECT v.grain, v.bucket FROM mirrored_rollups v
        WHERE v.provedor_id = $1 AND v.dimension = 'none'
          AND (v.grain, v.bucket) > (place.grain, place.bucket)
        ORDER BY v.grain, v.bucket LIMIT $3) AS r
 ORDER BY r.grain, r.bucket

-- name: days_of_rollups
-- Roll-ups by day (UTC) of their buckets.
SELECT v.created_at::date AS day, count(*) AS counted, sum(mirror_digest(to_jsonb(v))) AS digest
  FROM mirrored_rollups v WHERE v.provedor_id = $1 AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1

-- name: day_of_rollups
-- The roll-ups of a day ($2) with their digests. `ref` is the bucket.
SELECT v.id, v.grain || ':' || extract(epoch FROM v.bucket)::bigint AS ref,
       mirror_digest(to_jsonb(v)) AS digest FROM mirrored_rollups v
 WHERE v.provedor_id = $1 AND v.deleted_at IS NULL
   AND v.created_at >= $2::date AND v.created_at < $2::date + 1
