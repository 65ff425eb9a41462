-- name: find_vapid_key
-- The key of the installation.
SELECT public_key, private_sealed FROM vapid_keys

-- name: create_vapid_key
-- Inserts the key of the installation, unless another process was first.
INSERT INTO vapid_keys (public_key, private_sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: lock_user
-- Lets one request at a time change the subscriptions of a user.
SELECT FROM users WHERE id = $1 FOR UPDATE

-- name: delete_signed_out
-- Deletes the subscriptions of a user whose session has ended.
DELETE FROM push_subscriptions p USING sessions s
 WHERE p.user_id = $1 AND s.id = p.session_id AND (s.ended_at IS NOT NULL OR s.expires_at <= $2)

-- name: count_others
-- The number of subscriptions of a user at other addresses.
SELECT count(*) FROM push_subscriptions WHERE user_id = $1 AND digest <> $2

-- name: put
-- Inserts a subscription. A browser has one address, so it now belongs to whoever signed in last.
INSERT INTO push_subscriptions (tenant_id, user_id, session_id, digest, sealed, device)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (digest) DO UPDATE
   SET tenant_id = excluded.tenant_id, user_id = excluded.user_id,
       session_id = excluded.session_id, sealed = excluded.sealed, device = excluded.device,
       id = CASE WHEN push_subscriptions.user_id = excluded.user_id THEN push_subscriptions.id
                 ELSE uuidv7() END
RETURNING id, device, created_at

-- name: list
-- The subscriptions of a user, oldest first.
SELECT id, device, created_at, session_id FROM push_subscriptions
 WHERE tenant_id = $1 AND user_id = $2 ORDER BY id

-- name: delete
-- Deletes a subscription of a user.
DELETE FROM push_subscriptions WHERE tenant_id = $1 AND user_id = $2 AND id = $3 RETURNING id
