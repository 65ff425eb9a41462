-- name: create
-- A ticket's digest; the ticket itself is with the screen alone.
INSERT INTO tickets (digest, session_id, expires_at) VALUES ($1, $2, $3)

-- name: redeem
-- Good once.
DELETE FROM tickets t USING sessions s
 WHERE t.digest = $1 AND t.expires_at > $2 AND s.id = t.session_id
RETURNING t.session_id, s.user_id

-- name: delete_expired
-- Those that nobody used.
DELETE FROM tickets WHERE expires_at < $1
