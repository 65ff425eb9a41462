-- name: lock_providers
-- Lets one transaction apply provider files at a time, because two could create the same provider.
SELECT pg_advisory_xact_lock(hashtextextended('niochat:providers', 0))

-- name: lock_tenants
-- Tenants by slug, locked until the transaction ends.
SELECT tenant_id, slug, name, status, timezone, policy, plan, config_version
  FROM tenants WHERE slug = ANY ($1::text[]) ORDER BY slug
   FOR NO KEY UPDATE

-- name: lock_tenant
-- One tenant, locked until the transaction ends.
SELECT tenant_id, slug, name, status, timezone, policy, plan, config_version, session_idle
  FROM tenants WHERE tenant_id = $1
   FOR NO KEY UPDATE

-- name: find_tenant
-- One tenant, without a lock.
SELECT tenant_id, slug, name, status, timezone, policy, plan, config_version
  FROM tenants WHERE tenant_id = $1

-- name: find_tenant_with_limits
-- One tenant and its limits. The limits of a missing assistant or ERP are NULL.
SELECT t.tenant_id AS id, t.slug, t.name, t.status, t.timezone, t.plan, t.created_at,
       t.session_idle, a.turns_per_minute, a.turns_at_once,
       e.calls_at_once AS erp_calls_at_once, e.per_minute AS erp_calls_per_minute
  FROM tenants t
  LEFT JOIN assistants a USING (tenant_id)
  LEFT JOIN erps e USING (tenant_id)
 WHERE t.tenant_id = $1

-- name: limit_session
-- Sets how long a session may be idle.
UPDATE tenants SET session_idle = $2 WHERE tenant_id = $1

-- name: limit_assistant
-- Sets the limits of the tenant's assistant, if there is one. NULL keeps a limit.
UPDATE assistants
   SET turns_per_minute = coalesce($2, turns_per_minute),
       turns_at_once = coalesce($3, turns_at_once)
 WHERE tenant_id = $1
RETURNING tenant_id

-- name: limit_erp
-- Sets the limits of the tenant's ERP, if there is one. NULL keeps a limit.
UPDATE erps
   SET calls_at_once = coalesce($2, calls_at_once), per_minute = coalesce($3, per_minute)
 WHERE tenant_id = $1
RETURNING tenant_id

-- name: create_tenant
-- Inserts a tenant.
INSERT INTO tenants (slug, name, status, timezone, policy, plan)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING tenant_id

-- name: update_tenant
-- Changes a tenant. The new version tells processes to reload their copies.
UPDATE tenants
   SET name = $2, status = $3, timezone = $4, policy = $5, plan = $6,
       config_version = config_version + 1
 WHERE tenant_id = $1
RETURNING config_version

-- name: list_teams
-- A tenant's teams.
SELECT slug, name, assignment FROM teams WHERE tenant_id = $1

-- name: upsert_team
-- Inserts a team, or changes its name and assignment mode.
INSERT INTO teams (tenant_id, slug, name, assignment) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, slug) DO UPDATE
       SET name = excluded.name, assignment = excluded.assignment

-- name: list_tenant_channels
-- A tenant's channels with their sealed secrets.
SELECT id, slug, name, kind, base_url, token_hash, token_sealed, secret_sealed, hmac_sealed
  FROM channels WHERE tenant_id = $1

-- name: create_channel
-- Inserts a channel with its webhook secret.
INSERT INTO channels (tenant_id, slug, name, kind, base_url, token_hash, token_sealed,
                      secret_hash, secret_sealed, hmac_sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING id

-- name: update_channel
-- Changes a channel's settings. With another gateway instance, its former state is reset.
UPDATE channels
   SET name = $3, kind = $4, base_url = $5, token_hash = $6, token_sealed = $7,
       secret_sealed = $8, hmac_sealed = $9,
       status = CASE WHEN same THEN status ELSE 'unknown' END,
       status_reason = CASE WHEN same THEN status_reason ELSE '' END,
       status_at = CASE WHEN same THEN status_at ELSE now() END,
       held_until = CASE WHEN same THEN held_until END,
       held_reason = CASE WHEN same THEN held_reason END,
       holds = CASE WHEN same THEN holds ELSE 0 END
  FROM (SELECT id AS changed, (kind, base_url, token_hash) = ($4, $5, $6) AS same
          FROM channels WHERE tenant_id = $1 AND slug = $2) AS former
 WHERE tenant_id = $1 AND id = changed

-- name: list_shared_instances
-- Channels of these tenants whose gateway instance is also used by another channel.
SELECT DISTINCT t.slug AS tenant, c.slug AS channel, u.slug AS other_tenant, o.slug AS other
  FROM channels c
  JOIN channels o ON (o.base_url, o.token_hash) = (c.base_url, c.token_hash) AND o.id <> c.id
  JOIN tenants t ON t.tenant_id = c.tenant_id
  JOIN tenants u ON u.tenant_id = o.tenant_id
 WHERE c.tenant_id = ANY ($1::uuid[])
 ORDER BY 1, 2, 3, 4 LIMIT 20

-- name: find_assistant
-- A tenant's assistant with its sealed keys, and the tenant's time zone.
SELECT a.endpoint, a.model, a.api_key_sealed, a.persona, a.facts, a.stream, a.max_steps,
       a.max_tokens, a.max_seconds, a.turns_per_minute, a.turns_at_once, a.price_in, a.price_out,
       a.temperature, a.seed, a.parallel_tool_calls, a.dialect, a.extra_sealed, a.requests,
       a.transcription_model, a.transcription_endpoint, a.transcription_key_sealed,
       a.transcription_price, a.sees, a.vision_model, t.timezone
  FROM assistants a JOIN tenants t USING (tenant_id) WHERE a.tenant_id = $1

-- name: upsert_assistant
-- Inserts an assistant or changes its settings.
INSERT INTO assistants (tenant_id, endpoint, model, api_key_sealed, persona, facts,
                        stream, max_steps, max_tokens, max_seconds, turns_per_minute,
                        turns_at_once, price_in, price_out, temperature, seed,
                        parallel_tool_calls, dialect, extra_sealed, requests,
                        transcription_model, transcription_endpoint, transcription_key_sealed,
                        transcription_price, sees, vision_model)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22, $23, $24, $25, $26)
    ON CONFLICT (tenant_id) DO UPDATE
   SET endpoint = excluded.endpoint, model = excluded.model,
       api_key_sealed = excluded.api_key_sealed, persona = excluded.persona,
       facts = excluded.facts, stream = excluded.stream, max_steps = excluded.max_steps,
       max_tokens = excluded.max_tokens, max_seconds = excluded.max_seconds,
       turns_per_minute = excluded.turns_per_minute, turns_at_once = excluded.turns_at_once,
       price_in = excluded.price_in, price_out = excluded.price_out,
       temperature = excluded.temperature, seed = excluded.seed,
       parallel_tool_calls = excluded.parallel_tool_calls, dialect = excluded.dialect,
       extra_sealed = excluded.extra_sealed, requests = excluded.requests,
       transcription_model = excluded.transcription_model,
       transcription_endpoint = excluded.transcription_endpoint,
       transcription_key_sealed = excluded.transcription_key_sealed,
       transcription_price = excluded.transcription_price,
       sees = excluded.sees, vision_model = excluded.vision_model

-- name: find_erp
-- A tenant's ERP with its sealed token and the result of the last probe.
SELECT e.kind, e.base_url, e.app, e.token_sealed, e.ticket_kinds, e.calls_at_once, e.per_minute,
       e.timeout_s, e.capabilities, e.probed_at, t.plan
  FROM erps e JOIN tenants t USING (tenant_id) WHERE e.tenant_id = $1

-- name: upsert_erp
-- Inserts an ERP or changes its settings. The result of the last probe stays only if the access is
-- unchanged ($10).
INSERT INTO erps (tenant_id, kind, base_url, app, token_sealed, ticket_kinds,
                  calls_at_once, per_minute, timeout_s)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (tenant_id) DO UPDATE
   SET kind = excluded.kind, base_url = excluded.base_url, app = excluded.app,
       token_sealed = excluded.token_sealed, ticket_kinds = excluded.ticket_kinds,
       calls_at_once = excluded.calls_at_once, per_minute = excluded.per_minute,
       timeout_s = excluded.timeout_s,
       capabilities = CASE WHEN $10::boolean THEN erps.capabilities END,
       probed_at = CASE WHEN $10::boolean THEN erps.probed_at END

-- name: save_capabilities
-- Stores the result of a probe.
UPDATE erps SET capabilities = $2, probed_at = now() WHERE tenant_id = $1

-- name: list_tenants
-- All tenants, for operators.
SELECT tenant_id, slug, name, status, timezone, config_version FROM tenants ORDER BY slug

-- name: find_channel
-- One channel and its tenant's status, for the webhook endpoint.
SELECT c.tenant_id, c.id, c.slug, c.name, c.kind, c.base_url, c.token_hash, c.token_sealed,
       c.secret_hash, c.secret_sealed, c.hmac_sealed, c.status,
       t.slug AS tenant_slug, t.status AS tenant_status
  FROM channels c JOIN tenants t USING (tenant_id)
 WHERE c.id = $1

-- name: list_channels
-- All channels of all tenants, for operators.
SELECT c.tenant_id, c.id, c.slug, c.name, c.kind, c.base_url, c.token_hash, c.token_sealed,
       c.secret_hash, c.secret_sealed, c.hmac_sealed, c.status,
       t.slug AS tenant_slug, t.status AS tenant_status
  FROM channels c JOIN tenants t USING (tenant_id)
 ORDER BY t.slug, c.slug
