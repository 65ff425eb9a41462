-- name: list_quotas
-- What every active tenant gets of what all share, and how many channels share its sends.
SELECT t.tenant_id, t.plan, a.turns_at_once,
       (SELECT count(*) FROM channels c WHERE c.tenant_id = t.tenant_id) AS channels
  FROM tenants t LEFT JOIN assistants a USING (tenant_id)
 WHERE t.status = 'active'

-- name: delete_reported
-- What a teller told before, and what nobody told again for an hour.
DELETE FROM held_back WHERE teller = $1 OR told_at < now() - interval '1 hour'

-- name: insert_throttles
-- Who is being held back, by one teller.
INSERT INTO held_back (tenant_id, teller, reason, since, waiting)
SELECT x.tenant_id, $1, x.reason, x.since, x.waiting
  FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::int[])
       AS x (tenant_id, reason, since, waiting)
  JOIN tenants t USING (tenant_id)
    ON CONFLICT (tenant_id, teller, reason) DO UPDATE
   SET since = excluded.since, waiting = excluded.waiting, told_at = now()

-- name: list_throttles
-- By which limits a tenant is held back now, summed over all tellers.
SELECT reason, min(since) AS since, sum(waiting)::int AS waiting
  FROM held_back WHERE tenant_id = $1 AND told_at > now() - interval '15 s'
 GROUP BY reason ORDER BY reason
