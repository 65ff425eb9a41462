-- name: list_quotas
-- The tier and limits of every active tenant, and the number of channels that share its sends.
SELECT t.tenant_id, t.plan, a.turns_at_once,
       (SELECT count(*) FROM channels c WHERE c.tenant_id = t.tenant_id) AS channels
  FROM tenants t LEFT JOIN assistants a USING (tenant_id)
 WHERE t.status = 'active'

-- name: delete_reported
-- Deletes the throttles that a process reported before, and those that nobody reported for an hour.
DELETE FROM held_back WHERE teller = $1 OR told_at < now() - interval '1 hour'

-- name: insert_throttles
-- Inserts the throttles that one process reports.
INSERT INTO held_back (tenant_id, teller, reason, since, waiting)
SELECT x.tenant_id, $1, x.reason, x.since, x.waiting
  FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::int[])
       AS x (tenant_id, reason, since, waiting)
  JOIN tenants t USING (tenant_id)
    ON CONFLICT (tenant_id, teller, reason) DO UPDATE
   SET since = excluded.since, waiting = excluded.waiting, told_at = now()

-- name: list_throttles
-- The current throttles of a tenant, summed over all processes.
SELECT reason, min(since) AS since, sum(waiting)::int AS waiting
  FROM held_back WHERE tenant_id = $1 AND told_at > now() - interval '15 s'
 GROUP BY reason ORDER BY reason
