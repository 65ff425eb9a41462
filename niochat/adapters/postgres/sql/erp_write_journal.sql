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
       order_id = NULL, conversation_id = NULL, requested_by = NULL,
       journaled_at = now(), left_at = NULL, settled_at = NULL
 WHERE w.status = 'refused' AND w.turn_id IS DISTINCT FROM excluded.turn_id
RETURNING id

-- name: insert_agent_order
-- The same for a write that an agent ($6) requests in a conversation ($5). Repeats of one request
-- have the same order ($4); another request may try a refused write again.
INSERT INTO erp_writes AS w (tenant_id, key, request, order_id, conversation_id, requested_by)
SELECT c.tenant_id, $2, $3, $4, c.id, $6
  FROM conversations c JOIN tenants n USING (tenant_id)
 WHERE c.tenant_id = $1 AND c.id = $5 AND n.status = 'active'
    ON CONFLICT (tenant_id, key) DO UPDATE
   SET turn_id = NULL, request = excluded.request, status = 'started', result = NULL,
       order_id = excluded.order_id, conversation_id = excluded.conversation_id,
       requested_by = excluded.requested_by,
       journaled_at = now(), left_at = NULL, settled_at = NULL
 WHERE w.status = 'refused' AND w.order_id IS DISTINCT FROM excluded.order_id
RETURNING id

-- name: find_by_key
-- The write with this business key.
SELECT id, status, request, result, order_id, key,
       journaled_at < now() - interval '2 min' AS abandoned
  FROM erp_writes WHERE tenant_id = $1 AND key = $2

-- name: find_in_conversation
-- A write that was requested in this conversation, by an agent or by the assistant.
SELECT w.id, w.status, w.request, w.result, w.order_id, w.key,
       w.journaled_at < now() - interval '2 min' AS abandoned
  FROM erp_writes w LEFT JOIN turns t ON t.tenant_id = w.tenant_id AND t.id = w.turn_id
 WHERE w.tenant_id = $1 AND w.id = $2 AND coalesce(w.conversation_id, t.conversation_id) = $3

-- name: mark_sending
-- Called right before the request is sent: of several processes one wins, and only while its turn
-- is current.
UPDATE erp_writes SET status = 'sending', left_at = now()
 WHERE tenant_id = $1 AND id = $2 AND status = 'started'
   AND EXISTS (SELECT FROM turns t JOIN tenants n USING (tenant_id)
                WHERE t.tenant_id = $1 AND t.id = $3 AND t.attempt = $4 AND t.status = 'running'
                  AND n.status = 'active')
RETURNING id

-- name: mark_agent_order_sending
-- The same for a write that an agent requests: whoever sends it, only one does.
UPDATE erp_writes SET status = 'sending', left_at = now()
 WHERE tenant_id = $1 AND id = $2 AND status = 'started'
   AND EXISTS (SELECT FROM tenants n WHERE n.tenant_id = $1 AND n.status = 'active')
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
SELECT id, status, request, result, order_id, key,
       journaled_at < now() - interval '2 min' AS abandoned
  FROM erp_writes
 WHERE tenant_id = $1 AND status = 'sending' AND left_at < now() - interval '2 min'
 ORDER BY journaled_at LIMIT 100

-- name: load_limits
-- The tenant's limits of concurrent ERP calls and of calls per minute.
SELECT calls_at_once, per_minute FROM erps WHERE tenant_id = $1
