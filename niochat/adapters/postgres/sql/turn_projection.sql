-- name: insert_turns
-- Writes finished turns as their rows tell them. The row of a turn is settled in the transaction of
-- its event, and does not change afterwards. A turn finishes once.
INSERT INTO analytics.assistant_turns (
    tenant_id, generation, conversation_id, turn_id, at, outcome, code, model, tools, model_calls,
    tokens_in, tokens_out, tokens_cached, cost)
SELECT t.tenant_id, $2, x.conversation_id, t.id, x.at, x.outcome, x.code, t.model,
       ARRAY(SELECT r.call ->> 'tool' FROM jsonb_array_elements(t.tool_results)
                    WITH ORDINALITY AS r (call, number)
              WHERE r.call ->> 'tool' IS NOT NULL ORDER BY r.number),
       t.model_calls, t.tokens_in, t.tokens_out, t.tokens_cached, t.cost
  FROM jsonb_to_recordset($3::jsonb) AS x (
       conversation_id uuid, turn_id uuid, at timestamptz, outcome text, code text)
  JOIN turns t ON t.tenant_id = $1 AND t.id = x.turn_id
    ON CONFLICT (tenant_id, generation, turn_id) DO NOTHING

-- name: delete_some_turns
-- Deletes a part of an old generation.
DELETE FROM analytics.assistant_turns
 WHERE tenant_id = $1 AND generation = $2 AND turn_id IN (
       SELECT turn_id FROM analytics.assistant_turns
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)
