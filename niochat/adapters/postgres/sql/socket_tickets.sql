-- name: create
-- Inserts a ticket's digest. The ticket itself is only on the screen.
INSERT INTO tickets (digest, session_id, expires_at) VALUES ($1, $2, $3)

-- name: redeem
-- Uses a ticket, which is valid once.
DELETE FROM tickets t USING sessions s
 WHERE t.digest = $1 AND t.expires_at > $2 AND s.id = t.session_id
RETURNING t.session_id, s.user_id

-- name: delete_expired
-- Deletes unused, expired tickets.
DELETE FROM tickets WHERE expires_at < $1
