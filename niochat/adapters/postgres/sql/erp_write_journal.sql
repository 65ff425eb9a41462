-- name: insert
-- Statement 4: journals a write to the ERP before it is sent, once for its business key, and only
-- while its turn is current and its tenant active. A refused write changed nothing, so a later turn
-- may try again under the same key.
INSERT INTO erp_writes AS w (tenant_id, key, turn_id, request)
SELECT t.tenant_id, $2, t.id, $5
  FROM turns t JOIN tenants n USING (tenant_id)
 WHERE t.tenant_id = $1 AND t.id = $3 AND t.attempt = $4 AND t.status = 'running'
   AND n.status = 'active'
    ON CONFLICT (tenant_id, key) DO UPDATE
   SET turn_id = excluded.turn_id, request = excluded.request, status = 'started', result = NULL,
       journaled_at = now(), left_at = NULL, settled_at = NULL
 WHERE w.status = 'refused' AND w.turn_id <> excluded.turn_id
RETURNING id

-- name: find_by_key
-- The write with this business key.
SELECT id, status, request, result FROM erp_writes WHERE tenant_id = $1 AND key = $2

-- name: mark_sending
-- Called right before the request is sent: of several processes one wins, and only while its turn
-- is current.
UPDATE erp_writes SET status = 'sending', left_at = now()
 WHERE tenant_id = $1 AND id = $2 AND status = 'started'
   AND EXISTS (SELECT FROM turns t JOIN tenants n USING (tenant_id)
                WHERE t.tenant_id = $1 AND t.id = $3 AND t.attempt = $4 AND t.status = 'running'
                  AND n.status = 'active')
RETURNING id

-- name: mark_not_sent
-- The request certainly did not reach the ERP, so it may be sent again.
UPDATE erp_writes SET status = 'started', left_at = NULL
 WHERE tenant_id = $1 AND id = $2 AND status = 'sending'

-- name: settle
-- Records the outcome once: the ERP's answer, or the result of reading the ERP again.
UPDATE erp_writes SET status = $3, result = $4, settled_at = now()
 WHERE tenant_id = $1 AND id = $2 AND status IN ('started', 'sending')
RETURNING id

-- name: list_unsettled
-- Writes with an unknown outcome whose sender has certainly given up.
SELECT id, status, request, result FROM erp_writes
 WHERE tenant_id = $1 AND status = 'sending' AND left_at < now() - interval '2 min'
 ORDER BY journaled_at LIMIT 100

-- name: load_limits
-- The tenant's limits of concurrent ERP calls and of calls per minute.
SELECT calls_at_once, per_minute FROM erps WHERE tenant_id = $1
