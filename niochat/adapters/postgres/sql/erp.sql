-- name: journal
-- Statement 4: a write to the ERP is written down before it leaves, once for what it means in
-- the business; only while its turn is current and its tenant active.
INSERT INTO erp_writes (tenant_id, key, turn_id, request)
SELECT t.tenant_id, $2, t.id, $5
  FROM turns t JOIN tenants n USING (tenant_id)
 WHERE t.tenant_id = $1 AND t.id = $3 AND t.attempt = $4 AND t.status = 'running'
   AND n.status = 'active'
    ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING id

-- name: earlier
-- What is known of a write with that meaning.
SELECT id, status, result FROM erp_writes WHERE tenant_id = $1 AND key = $2

-- name: settle
-- The ERP's answer, or what re-reading it showed; once.
UPDATE erp_writes SET status = $3, result = $4, settled_at = now()
 WHERE tenant_id = $1 AND id = $2 AND status = 'started'
RETURNING id
