-- name: lock_counts
-- The failures of these keys, locked until the transaction ends. They are locked in one order, so
-- that two transactions with the same keys wait for each other instead of deadlocking.
INSERT INTO attempts AS a (key, failures, since)
SELECT key, 0, $2 FROM unnest($1::text[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING key, failures, since, next_at

-- name: save_counts
-- Stores the new numbers of failures.
UPDATE attempts a SET failures = w.failures, since = w.since, next_at = w.next_at
  FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[])
       AS w (key, failures, since, next_at)
 WHERE a.key = w.key

-- name: delete_expired
-- Deletes some expired keys; locked ones are skipped.
DELETE FROM attempts
 WHERE key IN (SELECT key FROM attempts WHERE since < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)

-- name: claim_alert
-- Returns a row if an alert is due, and records that it was sent now.
INSERT INTO attempts AS a (key, failures, since) VALUES ($1, 1, $2)
    ON CONFLICT (key) DO UPDATE SET since = $2 WHERE a.since <= $3
RETURNING key

-- name: find_user_by_login
-- The user with this login.
SELECT id, tenant_id, login, name, status FROM users WHERE login = $1

-- name: clear_counts
-- Deletes the failures of an account: its own key ($1), and keys with these prefixes ($2).
DELETE FROM attempts
 WHERE key = ANY ($1::text[])
    OR EXISTS (SELECT FROM unnest($2::text[]) AS begun WHERE starts_with(key, begun))
