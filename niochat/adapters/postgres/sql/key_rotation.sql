-- name: channel_tokens
-- Sealed values with the key that finds each again, in its order; empty ones hold nothing.
SELECT id::text AS key, tenant_id, token_sealed AS sealed FROM channels
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_token
-- Only if it is still what was read: whoever changed it meanwhile has sealed it anew.
UPDATE channels SET token_sealed = $3 WHERE id = $1::text::uuid AND token_sealed = $2

-- name: channel_secrets
-- The same of what stands in webhook addresses.
SELECT id::text AS key, tenant_id, secret_sealed AS sealed FROM channels
 WHERE id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_secret
-- Only if it is still what was read.
UPDATE channels SET secret_sealed = $3 WHERE id = $1::text::uuid AND secret_sealed = $2

-- name: channel_hmacs
-- The same of what webhooks are signed with.
SELECT id::text AS key, tenant_id, hmac_sealed AS sealed FROM channels
 WHERE hmac_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_channel_hmac
-- Only if it is still what was read.
UPDATE channels SET hmac_sealed = $3 WHERE id = $1::text::uuid AND hmac_sealed = $2

-- name: assistant_keys
-- The same of what models are asked with.
SELECT tenant_id::text AS key, tenant_id, api_key_sealed AS sealed FROM assistants
 WHERE tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_assistant_key
-- Only if it is still what was read.
UPDATE assistants SET api_key_sealed = $3 WHERE tenant_id = $1::text::uuid AND api_key_sealed = $2

-- name: assistant_extras
-- The same of what a tenant adds to what its model is asked.
SELECT tenant_id::text AS key, tenant_id, extra_sealed AS sealed FROM assistants
 WHERE extra_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_assistant_extra
-- Only if it is still what was read.
UPDATE assistants SET extra_sealed = $3 WHERE tenant_id = $1::text::uuid AND extra_sealed = $2

-- name: transcription_keys
-- The same of what end points are asked with that turn speech into text.
SELECT tenant_id::text AS key, tenant_id, transcription_key_sealed AS sealed FROM assistants
 WHERE transcription_key_sealed IS NOT NULL AND tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_transcription_key
-- Only if it is still what was read.
UPDATE assistants SET transcription_key_sealed = $3
 WHERE tenant_id = $1::text::uuid AND transcription_key_sealed = $2

-- name: tokens_for_erps
-- The same of what ERPs are asked with.
SELECT tenant_id::text AS key, tenant_id, token_sealed AS sealed FROM erps
 WHERE tenant_id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_token_for_erp
-- Only if it is still what was read.
UPDATE erps SET token_sealed = $3 WHERE tenant_id = $1::text::uuid AND token_sealed = $2

-- name: second_factors
-- The same of people's authenticators; they belong to the platform.
SELECT id::text AS key, NULL::uuid AS tenant_id, totp_sealed AS sealed FROM users
 WHERE totp_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_second_factor
-- Only if it is still what was read.
UPDATE users SET totp_sealed = $3 WHERE id = $1::text::uuid AND totp_sealed = $2

-- name: signing_keys
-- The same of what access tokens are signed with.
SELECT id AS key, NULL::uuid AS tenant_id, private_sealed AS sealed FROM signing_keys
 WHERE id > $1 ORDER BY 1 LIMIT $2

-- name: put_signing_key
-- Only if it is still what was read.
UPDATE signing_keys SET private_sealed = $3 WHERE id = $1 AND private_sealed = $2

-- name: mails
-- The same of mail that waits.
SELECT id::text AS key, NULL::uuid AS tenant_id, sealed FROM mails
 WHERE sealed <> '' AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_mail
-- Only if it is still what was read.
UPDATE mails SET sealed = $3 WHERE id = $1::text::uuid AND sealed = $2

-- name: documents
-- The same of contacts' documents.
SELECT id::text AS key, tenant_id, document_sealed AS sealed FROM contacts
 WHERE document_sealed IS NOT NULL
   AND id > coalesce(nullif($1, ''), '00000000-0000-0000-0000-000000000000')::uuid
 ORDER BY id LIMIT $2

-- name: put_document
-- Only if it is still what was read; what finds it comes under the same key.
UPDATE contacts SET document_sealed = $3, document_index = $4
 WHERE id = $1::text::uuid AND document_sealed = $2

-- name: stored_responses
-- The same of answers that are kept for who asks again.
SELECT id::text AS key, tenant_id, answer_sealed AS sealed FROM idempotency_keys
 WHERE answer_sealed IS NOT NULL AND id::text > $1 ORDER BY 1 LIMIT $2

-- name: put_stored_response
-- Only if it is still what was read.
UPDATE idempotency_keys SET answer_sealed = $3 WHERE id = $1::text::uuid AND answer_sealed = $2
