-- name: list
-- The policies of a tenant in the order in which they are tried.
SELECT p.id, p.name, p.enabled, p.position, p.teams, p.priorities, p.labels, p.first_answer_s,
       p.next_answer_s, p.resolution_s, p.business_hours, p.warn_percent, p.version, p.changed_at
  FROM sla_policies p WHERE p.tenant_id = $1 ORDER BY p.position, p.id

-- name: find
-- One of these policies, locked until the transaction ends.
SELECT p.id, p.name, p.enabled, p.position, p.teams, p.priorities, p.labels, p.first_answer_s,
       p.next_answer_s, p.resolution_s, p.business_hours, p.warn_percent, p.version, p.changed_at
  FROM sla_policies p WHERE p.tenant_id = $1 AND p.id = $2 FOR UPDATE

-- name: lock_tenant
-- Lets one request at a time count and add the policies of a tenant.
SELECT pg_advisory_xact_lock(hashtextextended('sla_policies:' || $1::uuid::text, 0))

-- name: count
-- The number of policies of a tenant.
SELECT count(*) FROM sla_policies WHERE tenant_id = $1

-- name: unknown_teams
-- Those of these teams that do not exist.
SELECT x.team FROM unnest($2::text[]) AS x (team)
 WHERE NOT EXISTS (SELECT FROM teams t WHERE t.tenant_id = $1 AND t.slug = x.team) ORDER BY 1

-- name: create
-- Inserts a policy.
INSERT INTO sla_policies (tenant_id, name, enabled, position, teams, priorities, labels,
                          first_answer_s, next_answer_s, resolution_s, business_hours,
                          warn_percent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id

-- name: replace
-- Replaces a policy.
UPDATE sla_policies
   SET name = $3, enabled = $4, position = $5, teams = $6, priorities = $7, labels = $8,
       first_answer_s = $9, next_answer_s = $10, resolution_s = $11, business_hours = $12,
       warn_percent = $13, version = version + 1, changed_at = now()
 WHERE tenant_id = $1 AND id = $2

-- name: delete
-- Deletes a policy. Clocks that were decided under it stay.
DELETE FROM sla_policies WHERE tenant_id = $1 AND id = $2

-- name: raise_revision
-- Asks for all running clocks of the tenant to be computed again.
INSERT INTO sla_tenants (tenant_id) VALUES ($1)
    ON CONFLICT (tenant_id) DO UPDATE SET revision = sla_tenants.revision + 1

-- name: follow_log
-- Begins to follow the log at its end, with the first policy of the tenant.
WITH projection AS (
    INSERT INTO analytics.projections (tenant_id, name, generation) VALUES ($1, 'sla', 1)
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, name, generation
)
INSERT INTO analytics.positions (tenant_id, name, generation, xid)
SELECT tenant_id, name, generation, log_horizon() FROM projection
