-- name: failures
-- Failures of these keys in windows that began after $2.
SELECT key, failures, since FROM attempts WHERE key = ANY ($1) AND since > $2

-- name: count
-- One more of each key; a window that is over begins anew.
INSERT INTO attempts AS a (key, failures, since)
SELECT key, 1, $2 FROM unnest($1::text[]) AS key
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN a.since > $3 THEN a.failures + 1 ELSE 1 END,
       since = CASE WHEN a.since > $3 THEN a.since ELSE $2 END

-- name: forget
-- The holder was there.
DELETE FROM attempts WHERE key = $1
