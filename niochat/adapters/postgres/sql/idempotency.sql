-- name: begin
-- Takes the key for this request: it is new or expired, or its former holder died before it changed
-- anything.
INSERT INTO idempotency_keys AS kept (tenant_id, caller, route, key, request, lease, leased_until)
VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval)
ON CONFLICT (caller, route, key, tenant_id) DO UPDATE
   SET request = excluded.request, lease = excluded.lease, leased_until = excluded.leased_until,
       status = NULL, answer_sealed = NULL, acted = NULL, started_at = now()
 WHERE kept.started_at < now() - $8::interval
    OR (kept.status IS NULL AND kept.acted IS NULL AND kept.leased_until < now()
        AND kept.request = excluded.request)
RETURNING id

-- name: find
-- A key that another request holds.
SELECT request, status, answer_sealed, acted, leased_until < now() AS over
  FROM idempotency_keys
 WHERE tenant_id IS NOT DISTINCT FROM $1 AND caller = $2 AND route = $3 AND key = $4

-- name: mark_acted
-- Records in the transaction of a change that the request changed something. It returns whether
-- this request still holds the key, and no row if this role may not see the key.
UPDATE idempotency_keys SET acted = CASE WHEN lease = $2 THEN $3 ELSE acted END WHERE id = $1
RETURNING lease = $2

-- name: finish
-- Stores the response, unless another request holds the key by now.
UPDATE idempotency_keys SET status = $3, answer_sealed = $4 WHERE id = $1 AND lease = $2

-- name: release
-- Nothing was changed, so the next request with this key starts again.
DELETE FROM idempotency_keys WHERE id = $1 AND lease = $2 AND status IS NULL

-- name: delete_expired
-- Deletes expired keys, a limited number at a time.
DELETE FROM idempotency_keys
 WHERE id IN (SELECT id FROM idempotency_keys WHERE started_at < now() - $1::interval
               ORDER BY started_at LIMIT $2)
