-- name: load_states
-- The measures of these conversations so far.
SELECT conversation_id, thread_id, returned_at, state FROM analytics.conversation_measures
 WHERE tenant_id = $1 AND generation = $2 AND conversation_id = ANY ($3::uuid[])

-- name: load_channels
-- The channels of these threads.
SELECT id, channel_id FROM threads WHERE tenant_id = $1 AND id = ANY ($2::uuid[])

-- name: load_authors
-- The agents who wrote these messages.
SELECT id, details ->> 'agent' AS agent FROM messages
 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])

-- name: load_turns
-- What these finished turns used, in millionths of the currency, and their tools, each with the
-- customer's wish if that was an argument.
SELECT id, tokens_in + tokens_out AS tokens, (cost * 1000000)::bigint AS cost_micros,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(r.call ->> 'tool',
                                                    r.call #>> '{arguments,desejo}')), '[]')
          FROM jsonb_array_elements(tool_results) AS r (call)
         WHERE r.call ->> 'tool' IS NOT NULL) AS tools
  FROM turns WHERE tenant_id = $1 AND id = ANY ($2::uuid[])

-- name: delete_measures
-- Removes the rows that are about to be replaced.
DELETE FROM analytics.conversation_measures
 WHERE tenant_id = $1 AND generation = $2 AND conversation_id = ANY ($3::uuid[])

-- name: insert_measures
-- Writes the measures of conversations.
INSERT INTO analytics.conversation_measures
SELECT * FROM jsonb_populate_recordset(NULL::analytics.conversation_measures, $1::jsonb)

-- name: find_returns
-- Conversations of these threads whose next conversation is not the one that their row tells.
SELECT o.conversation_id, o.returned_at
  FROM (SELECT m.conversation_id, m.returned_at AS stored, CASE WHEN m.solved_by_assistant THEN
               (SELECT n.opened_at FROM analytics.conversation_measures n
                 WHERE n.tenant_id = m.tenant_id AND n.generation = m.generation
                   AND n.thread_id = m.thread_id AND n.opened_at > m.opened_at
                   AND n.opened_at >= m.resolved_at
                 ORDER BY n.opened_at LIMIT 1) END AS returned_at
          FROM analytics.conversation_measures m
         WHERE m.tenant_id = $1 AND m.generation = $2 AND m.thread_id = ANY ($3::uuid[])) AS o
 WHERE o.stored IS DISTINCT FROM o.returned_at

-- name: set_returns
-- Writes when their customers came back.
UPDATE analytics.conversation_measures m SET returned_at = x.returned_at
  FROM unnest($3::uuid[], $4::timestamptz[]) AS x (conversation_id, returned_at)
 WHERE m.tenant_id = $1 AND m.generation = $2 AND m.conversation_id = x.conversation_id

-- name: insert_answers
-- Writes answers of people.
INSERT INTO analytics.human_answers
SELECT * FROM jsonb_populate_recordset(NULL::analytics.human_answers, $1::jsonb)

-- name: add_to_rollups
-- Adds $3 times what these conversations contribute: -1 before they change, 1 afterwards.
INSERT INTO analytics.rollups (
    tenant_id, generation, grain, dimension, bucket, key,
    conversations, outside_hours, resolved, resolved_agent, resolved_assistant, resolved_inactivity,
    solved_by_assistant, with_people, handoffs, reopened, transfers, offline_returns, after_hours,
    first_answers, first_answer_ms, first_answer_open_ms, first_human_answers, first_human_ms,
    first_human_open_ms, next_answers, next_answer_ms, next_answer_open_ms, assistant_ms,
    assistant_open_ms, waiting_ms, waiting_open_ms, agent_ms, agent_open_ms, snoozed_ms,
    snoozed_open_ms, resolution_ms, resolution_open_ms, ratings, rating_sum, messages_customer,
    messages_assistant, messages_agent, messages_phone, messages_system, messages_failed, turns,
    turn_failures, tool_calls, tokens, cost_micros, with_turns, solved_with_turns,
    confirmed_by_words, returned_24h, returned_72h)
SELECT c.tenant_id, c.generation, b.grain, c.dimension, b.bucket, c.key,
       $3 * sum(c.conversations), $3 * sum(c.outside_hours), $3 * sum(c.resolved), $3 *
       sum(c.resolved_agent), $3 * sum(c.resolved_assistant), $3 * sum(c.resolved_inactivity), $3 *
       sum(c.solved_by_assistant), $3 * sum(c.with_people), $3 * sum(c.handoffs), $3 *
       sum(c.reopened), $3 * sum(c.transfers), $3 * sum(c.offline_returns), $3 * sum(c.after_hours),
       $3 * sum(c.first_answers), $3 * sum(c.first_answer_ms), $3 * sum(c.first_answer_open_ms), $3
       * sum(c.first_human_answers), $3 * sum(c.first_human_ms), $3 * sum(c.first_human_open_ms), $3
       * sum(c.next_answers), $3 * sum(c.next_answer_ms), $3 * sum(c.next_answer_open_ms), $3 *
       sum(c.assistant_ms), $3 * sum(c.assistant_open_ms), $3 * sum(c.waiting_ms), $3 *
       sum(c.waiting_open_ms), $3 * sum(c.agent_ms), $3 * sum(c.agent_open_ms), $3 *
       sum(c.snoozed_ms), $3 * sum(c.snoozed_open_ms), $3 * sum(c.resolution_ms), $3 *
       sum(c.resolution_open_ms), $3 * sum(c.ratings), $3 * sum(c.rating_sum), $3 *
       sum(c.messages_customer), $3 * sum(c.messages_assistant), $3 * sum(c.messages_agent), $3 *
       sum(c.messages_phone), $3 * sum(c.messages_system), $3 * sum(c.messages_failed), $3 *
       sum(c.turns), $3 * sum(c.turn_failures), $3 * sum(c.tool_calls), $3 * sum(c.tokens), $3 *
       sum(c.cost_micros), $3 * sum(c.with_turns), $3 * sum(c.solved_with_turns), $3 *
       sum(c.confirmed_by_words), $3 * sum(c.returned_24h), $3 * sum(c.returned_72h)
  FROM analytics.contributions c
 CROSS JOIN LATERAL (VALUES ('hour', c.opened_hour), ('day', c.opened_day)) AS b (grain, bucket)
 WHERE c.tenant_id = $1 AND c.generation = $2 AND c.conversation_id = ANY ($4::uuid[])
 GROUP BY c.tenant_id, c.generation, b.grain, c.dimension, b.bucket, c.key
    ON CONFLICT (tenant_id, generation, grain, dimension, bucket, key) DO UPDATE
   SET conversations = rollups.conversations + excluded.conversations, outside_hours =
       rollups.outside_hours + excluded.outside_hours, resolved = rollups.resolved +
       excluded.resolved, resolved_agent = rollups.resolved_agent + excluded.resolved_agent,
       resolved_assistant = rollups.resolved_assistant + excluded.resolved_assistant,
       resolved_inactivity = rollups.resolved_inactivity + excluded.resolved_inactivity,
       solved_by_assistant = rollups.solved_by_assistant + excluded.solved_by_assistant, with_people
       = rollups.with_people + excluded.with_people, handoffs = rollups.handoffs +
       excluded.handoffs, reopened = rollups.reopened + excluded.reopened, transfers =
       rollups.transfers + excluded.transfers, offline_returns = rollups.offline_returns +
       excluded.offline_returns, after_hours = rollups.after_hours + excluded.after_hours,
       first_answers = rollups.first_answers + excluded.first_answers, first_answer_ms =
       rollups.first_answer_ms + excluded.first_answer_ms, first_answer_open_ms =
       rollups.first_answer_open_ms + excluded.first_answer_open_ms, first_human_answers =
       rollups.first_human_answers + excluded.first_human_answers, first_human_ms =
       rollups.first_human_ms + excluded.first_human_ms, first_human_open_ms =
       rollups.first_human_open_ms + excluded.first_human_open_ms, next_answers =
       rollups.next_answers + excluded.next_answers, next_answer_ms = rollups.next_answer_ms +
       excluded.next_answer_ms, next_answer_open_ms = rollups.next_answer_open_ms +
       excluded.next_answer_open_ms, assistant_ms = rollups.assistant_ms + excluded.assistant_ms,
       assistant_open_ms = rollups.assistant_open_ms + excluded.assistant_open_ms, waiting_ms =
       rollups.waiting_ms + excluded.waiting_ms, waiting_open_ms = rollups.waiting_open_ms +
       excluded.waiting_open_ms, agent_ms = rollups.agent_ms + excluded.agent_ms, agent_open_ms =
       rollups.agent_open_ms + excluded.agent_open_ms, snoozed_ms = rollups.snoozed_ms +
       excluded.snoozed_ms, snoozed_open_ms = rollups.snoozed_open_ms + excluded.snoozed_open_ms,
       resolution_ms = rollups.resolution_ms + excluded.resolution_ms, resolution_open_ms =
       rollups.resolution_open_ms + excluded.resolution_open_ms, ratings = rollups.ratings +
       excluded.ratings, rating_sum = rollups.rating_sum + excluded.rating_sum, messages_customer =
       rollups.messages_customer + excluded.messages_customer, messages_assistant =
       rollups.messages_assistant + excluded.messages_assistant, messages_agent =
       rollups.messages_agent + excluded.messages_agent, messages_phone = rollups.messages_phone +
       excluded.messages_phone, messages_system = rollups.messages_system +
       excluded.messages_system, messages_failed = rollups.messages_failed +
       excluded.messages_failed, turns = rollups.turns + excluded.turns, turn_failures =
       rollups.turn_failures + excluded.turn_failures, tool_calls = rollups.tool_calls +
       excluded.tool_calls, tokens = rollups.tokens + excluded.tokens, cost_micros =
       rollups.cost_micros + excluded.cost_micros, with_turns = rollups.with_turns +
       excluded.with_turns, solved_with_turns = rollups.solved_with_turns +
       excluded.solved_with_turns, confirmed_by_words = rollups.confirmed_by_words +
       excluded.confirmed_by_words, returned_24h = rollups.returned_24h + excluded.returned_24h,
       returned_72h = rollups.returned_72h + excluded.returned_72h

-- name: add_to_answer_rollups
-- The same for answers of people in these conversations, by who answered.
INSERT INTO analytics.answer_rollups (
    tenant_id, generation, grain, bucket, agent, answers, answer_ms, answer_open_ms)
SELECT a.tenant_id, a.generation, b.grain, b.bucket, a.agent,
       $3 * count(*), $3 * sum(a.wait_ms), $3 * sum(a.wait_open_ms)
  FROM analytics.conversation_measures m
  JOIN analytics.human_answers a
    ON a.tenant_id = m.tenant_id AND a.generation = m.generation
   AND a.conversation_id = m.conversation_id
 CROSS JOIN LATERAL (VALUES ('hour', m.opened_hour), ('day', m.opened_day)) AS b (grain, bucket)
 WHERE m.tenant_id = $1 AND m.generation = $2 AND m.conversation_id = ANY ($4::uuid[])
   AND m.resolution IS DISTINCT FROM 'merged'
 GROUP BY a.tenant_id, a.generation, b.grain, b.bucket, a.agent
    ON CONFLICT (tenant_id, generation, grain, bucket, agent) DO UPDATE
   SET answers = answer_rollups.answers + excluded.answers,
       answer_ms = answer_rollups.answer_ms + excluded.answer_ms,
       answer_open_ms = answer_rollups.answer_open_ms + excluded.answer_open_ms

-- name: add_to_duration_rollups
-- The same for histograms of durations.
INSERT INTO analytics.duration_rollups (
    tenant_id, generation, dimension, name, bucket, key, bin, conversations)
SELECT d.tenant_id, d.generation, d.dimension, d.name, d.opened_week, d.key, duration_bin(d.ms),
       $3 * count(*)
  FROM analytics.durations d
 WHERE d.tenant_id = $1 AND d.generation = $2 AND d.conversation_id = ANY ($4::uuid[])
 GROUP BY d.tenant_id, d.generation, d.dimension, d.name, d.opened_week, d.key, duration_bin(d.ms)
    ON CONFLICT (tenant_id, generation, dimension, name, bucket, key, bin) DO UPDATE
   SET conversations = duration_rollups.conversations + excluded.conversations

-- name: delete_some_measures
-- Deletes a part of an old generation.
DELETE FROM analytics.conversation_measures
 WHERE tenant_id = $1 AND generation = $2 AND conversation_id IN (
       SELECT conversation_id FROM analytics.conversation_measures
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)

-- name: delete_some_answers
-- Deletes a part of an old generation.
DELETE FROM analytics.human_answers
 WHERE tenant_id = $1 AND generation = $2 AND (conversation_id, version) IN (
       SELECT conversation_id, version FROM analytics.human_answers
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)

-- name: delete_some_rollups
-- Deletes a part of an old generation.
DELETE FROM analytics.rollups
 WHERE tenant_id = $1 AND generation = $2 AND (grain, dimension, bucket, key) IN (
       SELECT grain, dimension, bucket, key FROM analytics.rollups
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)

-- name: delete_some_answer_rollups
-- Deletes a part of an old generation.
DELETE FROM analytics.answer_rollups
 WHERE tenant_id = $1 AND generation = $2 AND (grain, bucket, agent) IN (
       SELECT grain, bucket, agent FROM analytics.answer_rollups
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)

-- name: delete_some_duration_rollups
-- Deletes a part of an old generation.
DELETE FROM analytics.duration_rollups
 WHERE tenant_id = $1 AND generation = $2 AND (dimension, name, bucket, key, bin) IN (
       SELECT dimension, name, bucket, key, bin FROM analytics.duration_rollups
        WHERE tenant_id = $1 AND generation = $2 LIMIT $3)
