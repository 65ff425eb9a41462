-- name: activity
-- What is not settled yet in a tenant: rows of the inbox, messages that no turn covers, turns,
-- sends. And how many messages its customers have written, so that none is still outside.
SELECT (SELECT count(*) FROM inbox WHERE tenant_id = $1 AND processed_at IS NULL)
     + (SELECT count(*) FROM turns WHERE tenant_id = $1 AND status = 'running')
     + (SELECT count(*) FROM outbox
         WHERE tenant_id = $1 AND status IN ('queued', 'sending', 'uncertain'))
     + (SELECT count(*) FROM conversations c
         WHERE c.tenant_id = $1
           AND (c.status = 'pending'
                OR c.status <> 'resolved' AND (c.state -> 'after_hours')::bool IS TRUE)
           AND EXISTS (SELECT FROM messages m
                        WHERE m.tenant_id = $1 AND m.conversation_id = c.id
                          AND m.author = 'customer'
                          AND m.version > (SELECT coalesce(max(t.upto_version), 0) FROM turns t
                                            WHERE t.tenant_id = $1 AND t.conversation_id = c.id
                                              AND t.status <> 'cancelled'))) AS under_way,
       (SELECT count(*) FROM messages WHERE tenant_id = $1 AND author = 'customer') AS heard,
       now() AS at

-- name: turns_since
-- What the assistant's turns since a moment did and cost, oldest first.
SELECT id, status, code, tool_results, tokens_in, tokens_out, cost, prompt_version,
       model_calls, tokens_cached FROM turns
 WHERE tenant_id = $1 AND started_at >= $2 ORDER BY started_at

-- name: count_refused_texts
-- How many texts of the model did not leave since a moment.
SELECT count(*) FROM refused_texts WHERE tenant_id = $1 AND refused_at >= $2

-- name: set_aside_writes
-- An evaluation's ERP begins anew, so what was written to the old one is kept under other keys.
-- For tenants of evaluations only: anybody else's journal is the proof of what was done.
UPDATE erp_writes SET key = 'evaluated:' || id || ':' || key
 WHERE tenant_id = $1 AND key NOT LIKE 'evaluated:%'
   AND EXISTS (SELECT FROM tenants n WHERE n.tenant_id = $1 AND n.slug LIKE 'avaliacao-%')

-- name: pending_turn
-- A turn that is to be run, where an evaluation runs it in its own process.
SELECT upto_version FROM turns WHERE tenant_id = $1 AND id = $2 AND attempt = $3

-- name: disable_burst_window
-- No burst window for an evaluation's providers: several messages are put in together there.
UPDATE tenants SET policy = policy || '{"burst_window_s": 0}' WHERE slug LIKE 'avaliacao-%'
-- name: forget_identities
-- Who was identified in an earlier run is nobody yet. For tenants of evaluations only.
UPDATE contacts SET known_contract = NULL, known_phone = NULL, known_at = NULL, shared_at = NULL
 WHERE tenant_id = $1 AND (known_at IS NOT NULL OR shared_at IS NOT NULL)
   AND EXISTS (SELECT FROM tenants n WHERE n.tenant_id = $1 AND n.slug LIKE 'avaliacao-%')
