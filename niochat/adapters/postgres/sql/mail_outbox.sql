-- name: enqueue
-- A mail that leaves soon.
INSERT INTO mails (tenant_id, recipient, sealed, next_at) VALUES ($1, $2, $3, $4)

-- name: claim
-- What is due, put off by two minutes first: whoever sends it says how it went, or it is due again.
UPDATE mails m SET attempts = attempts + 1, next_at = $1 + interval '2 minutes'
  FROM (SELECT id FROM mails WHERE status = 'queued' AND next_at <= $1
         ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
 WHERE m.id = due.id
RETURNING m.id, m.recipient, m.sealed, m.attempts

-- name: postpone
-- Again later, or given up.
UPDATE mails SET next_at = $2, status = CASE WHEN $3 THEN 'failed' ELSE status END WHERE id = $1

-- name: mark_sent
-- The server took it: nothing of it is kept but that it was.
UPDATE mails SET status = 'sent', sealed = '' WHERE id = $1
