-- name: enqueue
-- Queues a mail.
INSERT INTO mails (tenant_id, recipient, sealed, next_at) VALUES ($1, $2, $3, $4) RETURNING id

-- name: claim
-- Claims due mails for two minutes. A mail whose sender reports no result by then is due again.
UPDATE mails m SET attempts = attempts + 1, next_at = $1 + interval '2 minutes'
  FROM (SELECT id FROM mails WHERE status = 'queued' AND next_at <= $1
         ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
 WHERE m.id = due.id
RETURNING m.id, m.recipient, m.sealed, m.attempts

-- name: postpone
-- Postpones a mail, or gives it up ($3).
UPDATE mails SET next_at = $2, status = CASE WHEN $3 THEN 'failed' ELSE status END WHERE id = $1

-- name: mark_sent
-- The server accepted the mail: its content is deleted.
UPDATE mails SET status = 'sent', sealed = '' WHERE id = $1
