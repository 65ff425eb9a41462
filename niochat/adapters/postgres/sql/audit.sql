-- name: record
-- Inserts an audit entry.
INSERT INTO audit (tenant_id, who_kind, who, action, target, before, after, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: list
-- A tenant's audit entries, newest first, before the last one of the previous page.
SELECT id, at, who_kind, who, action, target, before, after, address FROM audit
 WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2)
   AND ($3::text IS NULL OR who = $3) AND ($4::text IS NULL OR target = $4)
 ORDER BY id DESC LIMIT $5

-- name: lock
-- Lets one process seal at a time; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(7226041)

-- name: last_link
-- The end of the chain.
SELECT number, upto_xid::text, upto_id, digest FROM audit_links ORDER BY number DESC LIMIT 1

-- name: link_digest
-- The digest of a link.
SELECT digest FROM audit_links WHERE number = $1

-- name: count_linked_rows
-- The number of rows in the links after a given one.
SELECT coalesce(sum(rows), 0)::bigint FROM audit_links WHERE number > $1

-- name: list_unsealed
-- Rows after the end of the chain whose transactions have ended, as have all before them.
SELECT id, xid::text, tenant_id, at, who_kind, who, action, target, before, after, address
  FROM audit
 WHERE (xid, id) > ($1::text::xid8, $2)
   AND xid < log_horizon()
 ORDER BY audit.xid, id LIMIT $3

-- name: insert_link
-- Appends a link.
INSERT INTO audit_links (number, upto_xid, upto_id, rows, digest)
VALUES ($1, $2::text::xid8, $3, $4, $5)

-- name: list_links
-- The links of the chain after a given one.
SELECT number, upto_xid::text, upto_id, rows, digest FROM audit_links
 WHERE number > $1 ORDER BY number LIMIT $2

-- name: list_sealed
-- Rows between two links.
SELECT id, xid::text, tenant_id, at, who_kind, who, action, target, before, after, address
  FROM audit
 WHERE (xid, id) > ($1::text::xid8, $2) AND (xid, id) <= ($3::text::xid8, $4)
 ORDER BY audit.xid, id LIMIT $5

-- name: count_unsealed
-- The number of rows that are in no link yet.
SELECT count(*) FROM (SELECT FROM audit WHERE (xid, id) > ($1::text::xid8, $2) LIMIT 100000) AS rest

-- name: last_drop
-- The link from which on the chain can be verified since months were dropped last, and the first
-- month that was kept.
SELECT (after ->> 'link')::bigint AS link, after ->> 'before' AS kept_from FROM audit
 WHERE tenant_id IS NULL AND action = 'audit.months_dropped' AND who_kind = 'operator'
 ORDER BY id DESC LIMIT 1

-- name: find_link
-- A link, and the number of rows up to it.
SELECT number, upto_xid::text, upto_id, digest,
       (SELECT sum(b.rows) FROM audit_links b WHERE b.number <= l.number)::bigint AS rows_upto
  FROM audit_links l WHERE number = $1
