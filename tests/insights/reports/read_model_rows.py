"""Rows of the read model of twenty providers, for tests of query plans."""

FILL_READ_MODEL = """
INSERT INTO analytics.conversation_measures (
    tenant_id, generation, conversation_id, thread_id, channel_id, version, state, opened_at,
    opened_hour, opened_day, opened_week, opened_in_hours, resolved_at, resolution,
    solved_by_assistant, people_held, after_hours, agent, labels, priority, handoff_reasons,
    reopened, transfers, offline_returns, assistant_ms, assistant_open_ms, waiting_ms,
    waiting_open_ms, agent_ms, agent_open_ms, snoozed_ms, snoozed_open_ms, first_answer_ms,
    first_answer_open_ms, next_answers, next_answer_ms, next_answer_open_ms, next_max_ms,
    next_max_open_ms, messages_customer, messages_assistant, messages_agent, messages_phone,
    messages_system, messages_failed)
SELECT c.tenant_id, 1, c.id, c.thread_id, t.channel_id, 1, '{}', o.at, date_trunc('hour', o.at),
       date_trunc('day', o.at), date_trunc('week', o.at), true, o.at, 'assistant', o.number % 2 = 0,
       o.number % 2 = 1, false, 'ana', '{}', 1, '{}', 0, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, o.number,
       o.number, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0
  FROM conversations c
  JOIN threads t ON t.tenant_id = c.tenant_id AND t.id = c.thread_id
 CROSS JOIN LATERAL (SELECT number, now() - make_interval(days => number) AS at
                       FROM (SELECT hashtext(c.id::text) & 511 AS number) AS n) AS o;
INSERT INTO analytics.human_answers
SELECT tenant_id, 1, conversation_id, n, opened_at, 'ana', n = 1, 5, 5
  FROM analytics.conversation_measures, generate_series(1, 2) n;
INSERT INTO analytics.assistant_turns
SELECT tenant_id, 1, conversation_id, uuidv7(), opened_at, 'answered', '', 'm', '{}', 1, 1, 1, 0, 0
  FROM analytics.conversation_measures, generate_series(1, 2) n;
INSERT INTO analytics.answer_rollups
SELECT DISTINCT tenant_id, 1, 'day', opened_day, n::text, 1, 5, 5
  FROM analytics.conversation_measures, generate_series(1, 5) n;
INSERT INTO analytics.rollups (
    tenant_id, generation, grain, dimension, bucket, key, conversations, outside_hours, resolved,
    resolved_agent, resolved_assistant, resolved_inactivity, solved_by_assistant, with_people,
    handoffs, reopened, transfers, offline_returns, after_hours, first_answers, first_answer_ms,
    first_answer_open_ms, first_human_answers, first_human_ms, first_human_open_ms, next_answers,
    next_answer_ms, next_answer_open_ms, assistant_ms, assistant_open_ms, waiting_ms,
    waiting_open_ms, agent_ms, agent_open_ms, snoozed_ms, snoozed_open_ms, resolution_ms,
    resolution_open_ms, ratings, rating_sum, messages_customer, messages_assistant, messages_agent,
    messages_phone, messages_system, messages_failed)
SELECT DISTINCT tenant_id, 1, 'day', 'team', opened_day, n::text, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
  FROM analytics.conversation_measures, generate_series(1, 5) n;
INSERT INTO analytics.duration_rollups
SELECT DISTINCT tenant_id, 1, 'team', 'resolution', opened_week, n::text, n, 1
  FROM analytics.conversation_measures, generate_series(1, 20) n;
INSERT INTO analytics.deliveries
SELECT m.tenant_id, 1, uuidv7(), m.conversation_id, m.channel_id, 'agent', m.opened_at,
       m.opened_hour, m.opened_day, m.opened_at, m.opened_at, NULL, NULL, ''
  FROM analytics.conversation_measures m, generate_series(1, 2) n;
INSERT INTO analytics.delivery_rollups
SELECT DISTINCT tenant_id, 1, 'day', opened_day, channel_id, n::text, '', 1, 1, 1, 0, 0, 5, 5
  FROM analytics.conversation_measures, generate_series(1, 5) n;
ANALYZE;
"""
