-- name: lock_counts
-- How often each of these keys was counted; nobody else counts them until the transaction ends. In
-- one order, so that two who count the same wait for each other.
INSERT INTO attempts AS a (key, failures, since)
SELECT key, 0, $2 FROM unnest($1::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING key, failures, since, next_at

-- name: save_counts
-- So often they were counted now.
UPDATE attempts a SET failures = w.failures, since = w.since, next_at = w.next_at
  FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[])
       AS w (key, failures, since, next_at)
 WHERE a.key = w.key

-- name: delete_expired
-- Some that nobody needs any more; those that somebody counts right now are left.
DELETE FROM attempts
 WHERE key IN (SELECT key FROM attempts WHERE since < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)

-- name: claim_alert
-- Whether it is time to tell somebody again; then they were told now.
INSERT INTO attempts AS a (key, failures, since) VALUES ($1, 1, $2)
    ON CONFLICT (key) DO UPDATE SET since = $2 WHERE a.since <= $3
RETURNING key

-- name: find_user_by_login
-- Who has this login.
SELECT id, tenant_id, login, name, status FROM users WHERE login = $1

-- name: clear_counts
-- Nothing is counted against an account any more: its own key ($1), and those that begin so ($2).
DELETE FROM attempts
 WHERE key = ANY ($1::text[])
    OR EXISTS (SELECT FROM unnest($2::text[]) AS begun WHERE starts_with(key, begun))
