-- name: rows_of_contacts
-- Contacts by their ids ($2), in the shape of the mirror.
SELECT v.id::text AS ref, to_jsonb(v) AS row FROM mirrored_contacts v
 WHERE v.provedor_id = $1 AND v.id = ANY ($2::text[]::uuid[])

-- name: page_of_contacts
-- The next ids of contacts after one ('' at first).
SELECT id::text AS ref FROM contacts
 WHERE tenant_id = $1 AND id > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $3

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
SELECT id::text AS ref FROM conversations
 WHERE tenant_id = $1 AND id > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $3

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
SELECT id::text AS ref FROM messages
 WHERE tenant_id = $1 AND id > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $3

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
SELECT id::text AS ref FROM ratings
 WHERE tenant_id = $1 AND id > coalesce(nullif($2, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $3

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
SELECT a.ref::text AS ref FROM mirrored_audit($1) a
 WHERE a.ref > coalesce(nullif($2, ''), '-1')::bigint ORDER BY a.ref LIMIT $3

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
  FROM unnest($2::text[]) AS wanted (ref)
  JOIN mirrored_events v
    ON v.provedor_id = $1 AND v.conversation_id = split_part(wanted.ref, ':', 1)::uuid
   AND v.ref = split_part(wanted.ref, ':', 2)::bigint

-- name: page_of_events
-- The next events after one ('' at first) that the mirror's audit log has.
SELECT v.conversation_id || ':' || v.ref AS ref FROM mirrored_events v
 WHERE v.provedor_id = $1
   AND (v.conversation_id, v.ref)
       > (coalesce(nullif(split_part($2, ':', 1), ''),
                   '00000000-0000-0000-0000-000000000000')::uuid,
          coalesce(nullif(split_part($2, ':', 2), ''), '0')::bigint)
 ORDER BY v.conversation_id, v.ref LIMIT $3

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
  FROM unnest($2::text[]) AS wanted (ref)
  JOIN mirrored_rollups v
    ON v.provedor_id = $1 AND v.grain = split_part(wanted.ref, ':', 1)
   AND v.bucket = to_timestamp(split_part(wanted.ref, ':', 2)::bigint)

-- name: page_of_rollups
-- The next buckets after one ('' at first).
SELECT DISTINCT v.grain || ':' || extract(epoch FROM v.bucket)::bigint AS ref, v.grain, v.bucket
  FROM mirrored_rollups v
 WHERE v.provedor_id = $1 AND v.dimension = 'none'
   AND (v.grain, v.bucket) > (split_part($2, ':', 1),
                              to_timestamp(coalesce(nullif(split_part($2, ':', 2), ''), '0')::bigint))
 ORDER BY v.grain, v.bucket LIMIT $3

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
