-- name: turns
-- Turns of a conversation, newest first, after the last one of the page before ($4, $5). $3 selects
-- turns by id.
SELECT t.id, t.status, t.attempt, t.code, t.model, t.prompt_version, t.tokens_in, t.tokens_out,
       t.tokens_cached, t.model_calls, t.cost, t.tool_results, t.started_at, t.settled_at,
       t.upto_version
  FROM turns t
 WHERE t.tenant_id = $1 AND t.conversation_id = $2
   AND ($3::uuid[] IS NULL OR t.id = ANY ($3))
   AND ($4::timestamptz IS NULL OR (t.started_at, t.id) < ($4, $5::uuid))
 ORDER BY t.started_at DESC, t.id DESC LIMIT $6

-- name: rejected_replies
-- The texts of turns that the guardrail refused, in the order in which they were written.
SELECT turn_id, code, sentence, text, refused_at FROM refused_texts
 WHERE tenant_id = $1 AND turn_id = ANY ($3::uuid[]) AND conversation_id = $2
 ORDER BY refused_at, id LIMIT 200
