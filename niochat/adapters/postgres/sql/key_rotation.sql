-- name: channel_tokens
-- Sealed values with the key of their row, in order of the key. Rows without a value are left out.
SELECT id::text AS key, tenant_id, token_sealed AS sealed FROM channels
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_token
-- Replaces the value if it has not changed since it was read. A process that changed it has sealed
-- it with the current key.
UPDATE channels SET token_sealed = $3 WHERE id = $1::text::uuid AND token_sealed = $2

-- name: channel_secrets
-- The same for the secrets in webhook addresses.
SELECT id::text AS key, tenant_id, secret_sealed AS sealed FROM channels
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_secret
-- Replaces the value if it has not changed since it was read.
UPDATE channels SET secret_sealed = $3 WHERE id = $1::text::uuid AND secret_sealed = $2

-- name: channel_hmacs
-- The same for the keys that sign webhooks.
SELECT id::text AS key, tenant_id, hmac_sealed AS sealed FROM channels
 WHERE hmac_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_hmac
-- Replaces the value if it has not changed since it was read.
UPDATE channels SET hmac_sealed = $3 WHERE id = $1::text::uuid AND hmac_sealed = $2

-- name: assistant_keys
-- The same for the API keys of models.
SELECT tenant_id::text AS key, tenant_id, api_key_sealed AS sealed FROM assistants
 WHERE tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_assistant_key
-- Replaces the value if it has not changed since it was read.
UPDATE assistants SET api_key_sealed = $3 WHERE tenant_id = $1::text::uuid AND api_key_sealed = $2

-- name: assistant_extras
-- The same for a tenant's additional request parameters of its model.
SELECT tenant_id::text AS key, tenant_id, extra_sealed AS sealed FROM assistants
 WHERE extra_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_assistant_extra
-- Replaces the value if it has not changed since it was read.
UPDATE assistants SET extra_sealed = $3 WHERE tenant_id = $1::text::uuid AND extra_sealed = $2

-- name: transcription_keys
-- The same for the API keys of transcription endpoints.
SELECT tenant_id::text AS key, tenant_id, transcription_key_sealed AS sealed FROM assistants
 WHERE transcription_key_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_transcription_key
-- Replaces the value if it has not changed since it was read.
UPDATE assistants SET transcription_key_sealed = $3
 WHERE tenant_id = $1::text::uuid AND transcription_key_sealed = $2

-- name: tokens_for_erps
-- The same for the tokens of ERPs.
SELECT tenant_id::text AS key, tenant_id, token_sealed AS sealed FROM erps
 WHERE tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_token_for_erp
-- Replaces the value if it has not changed since it was read.
UPDATE erps SET token_sealed = $3 WHERE tenant_id = $1::text::uuid AND token_sealed = $2

-- name: second_factors
-- The same for users' authenticators, which belong to the platform.
SELECT id::text AS key, NULL::uuid AS tenant_id, totp_sealed AS sealed FROM users
 WHERE totp_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_second_factor
-- Replaces the value if it has not changed since it was read.
UPDATE users SET totp_sealed = $3 WHERE id = $1::text::uuid AND totp_sealed = $2

-- name: signing_keys
-- The same for the keys that sign access tokens.
SELECT id AS key, NULL::uuid AS tenant_id, private_sealed AS sealed FROM signing_keys
 WHERE id > $1 ORDER BY 1 LIMIT $2

-- name: put_signing_key
-- Replaces the value if it has not changed since it was read.
UPDATE signing_keys SET private_sealed = $3 WHERE id = $1 AND private_sealed = $2

-- name: tenant_token_keys
-- The same for the keys that sign tenant tokens.
SELECT id AS key, NULL::uuid AS tenant_id, private_sealed AS sealed FROM tenant_token_keys
 WHERE id > $1 ORDER BY 1 LIMIT $2

-- name: put_tenant_token_key
-- Replaces the value if it has not changed since it was read.
UPDATE tenant_token_keys SET private_sealed = $3 WHERE id = $1 AND private_sealed = $2

-- name: mails
-- The same for queued mails.
SELECT id::text AS key, NULL::uuid AS tenant_id, sealed FROM mails
 WHERE sealed <> '' AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_mail
-- Replaces the value if it has not changed since it was read.
UPDATE mails SET sealed = $3 WHERE id = $1::text::uuid AND sealed = $2

-- name: documents
-- The same for contacts' tax ids.
SELECT id::text AS key, tenant_id, document_sealed AS sealed FROM contacts
 WHERE document_sealed IS NOT NULL
   AND id > coalesce(nullif($1, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $2

-- name: put_document
-- Replaces the value if it has not changed since it was read, and its blind index too.
UPDATE contacts SET document_sealed = $3, document_index = $4
 WHERE id = $1::text::uuid AND document_sealed = $2

-- name: stored_responses
-- The same for stored responses of idempotent requests.
SELECT id::text AS key, tenant_id, answer_sealed AS sealed FROM idempotency_keys
 WHERE answer_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_stored_response
-- Replaces the value if it has not changed since it was read.
UPDATE idempotency_keys SET answer_sealed = $3 WHERE id = $1::text::uuid AND answer_sealed = $2

-- name: vapid_keys
-- The same for the key that push services know.
SELECT id::text AS key, NULL::uuid AS tenant_id, private_sealed AS sealed FROM vapid_keys
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_vapid_key
-- Replaces the value if it has not changed since it was read.
UPDATE vapid_keys SET private_sealed = $3 WHERE id = $1::text::smallint AND private_sealed = $2

-- name: push_subscriptions
-- The same for the addresses of browsers.
SELECT id::text AS key, tenant_id, sealed FROM push_subscriptions
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_push_subscription
-- Replaces the value if it has not changed since it was read.
UPDATE push_subscriptions SET sealed = $3 WHERE id = $1::text::uuid AND sealed = $2

-- name: alert_rules
-- The same for the secrets of webhooks of alert rules.
SELECT id::text AS key, tenant_id, secret_sealed AS sealed FROM alert_rules
 WHERE id::text > $1 AND secret_sealed IS NOT NULL ORDER BY 1 LIMIT $2

-- name: put_alert_rule
-- Replaces the value if it has not changed since it was read.
UPDATE alert_rules SET secret_sealed = $3 WHERE id = $1::text::uuid AND secret_sealed = $2

-- name: supabase_keys
-- The same for the secret keys of tenants' Supabase projects.
SELECT tenant_id::text AS key, tenant_id, key_sealed AS sealed FROM mirror_settings
 WHERE key_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_supabase_key
-- Replaces the value if it has not changed since it was read.
UPDATE mirror_settings SET key_sealed = $3 WHERE tenant_id = $1::text::uuid AND key_sealed = $2

-- name: supabase_jwt_secrets
-- The same for the shared secrets of older Supabase projects.
SELECT tenant_id::text AS key, tenant_id, jwt_secret_sealed AS sealed FROM mirror_settings
 WHERE jwt_secret_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_supabase_jwt_secret
-- Replaces the value if it has not changed since it was read.
UPDATE mirror_settings SET jwt_secret_sealed = $3
 WHERE tenant_id = $1::text::uuid AND jwt_secret_sealed = $2
