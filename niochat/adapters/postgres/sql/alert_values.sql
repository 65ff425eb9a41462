-- name: queue_long
-- Conversations that wait for a person, in one team ($2) or all.
SELECT count(*)::float8 AS value, 1 AS samples FROM conversations c
 WHERE c.tenant_id = $1 AND c.status = 'waiting' AND ($2::text IS NULL OR c.team = $2)

-- name: wait_long
-- Minutes for which the customer who waits longest has waited.
SELECT coalesce(extract(epoch FROM now() - min(c.waiting_since)) / 60, 0)::float8 AS value,
       1 AS samples
  FROM conversations c
 WHERE c.tenant_id = $1 AND c.status = 'waiting' AND ($2::text IS NULL OR c.team = $2)

-- name: first_answer_slow
-- Average minutes until the first human answer, of those given within $3 minutes.
WITH recent AS MATERIALIZED (
    SELECT a.tenant_id, a.generation, a.conversation_id, a.wait_ms FROM analytics.human_answers a
     WHERE a.tenant_id = $1
       AND a.generation = (SELECT generation FROM analytics.projections
                            WHERE tenant_id = $1 AND name = 'conversations')
       AND a.first AND a.at >= now() - make_interval(mins => $3::int)
)
SELECT (avg(a.wait_ms) / 60000)::float8 AS value, count(*) AS samples FROM recent a
 WHERE $2::text IS NULL OR $2 = (
       SELECT m.team FROM analytics.conversation_measures m
        WHERE m.tenant_id = a.tenant_id AND m.generation = a.generation
          AND m.conversation_id = a.conversation_id)

-- name: rating_low
-- Average score of the ratings answered within $3 minutes. An answer comes within two days of the
-- resolution.
SELECT avg(r.score)::float8 AS value, count(r.score) AS samples FROM ratings r
 WHERE r.tenant_id = $1 AND r.created_at >= now() - make_interval(mins => $3::int, days => 2)
   AND r.answered_at >= now() - make_interval(mins => $3::int)
   AND ($2::text IS NULL OR r.team = $2)

-- name: channel_down
-- Minutes since the end of the connection of the channel that is away longest.
SELECT coalesce(extract(epoch FROM now() - min(c.status_at)) / 60, 0)::float8 AS value,
       1 AS samples
  FROM channels c WHERE c.tenant_id = $1 AND c.status NOT IN ('connected', 'unknown')

-- name: channel_silent
-- Messages of customers within $2 minutes, in percent of the average of the same local times of the
-- four weeks before; of the channel with the lowest value. Channels with fewer than $3 messages
-- usually are left out. Under row-level security only plain columns can bound an index.
WITH weeks AS MATERIALIZED (
    SELECT w.week, u.until - make_interval(mins => $2::int) AS since, u.until
      FROM tenants n
     CROSS JOIN generate_series(0, 4) AS w (week)
     CROSS JOIN LATERAL (SELECT ((now() AT TIME ZONE n.timezone) - make_interval(weeks => w.week))
                                AT TIME ZONE n.timezone AS until) AS u
     WHERE n.tenant_id = $1
)
SELECT min(100 * c.lately / c.usually)::float8 AS value,
       coalesce(max(c.usually), 0)::float8 AS samples
  FROM (SELECT t.channel_id, count(*) FILTER (WHERE w.week = 0) AS lately,
               count(*) FILTER (WHERE w.week > 0) / 4.0 AS usually
          FROM weeks w
          JOIN messages m ON m.tenant_id = $1 AND m.stored_at > w.since AND m.stored_at <= w.until
          JOIN threads t ON t.tenant_id = m.tenant_id AND t.id = m.thread_id
         WHERE m.author = 'customer' GROUP BY t.channel_id) AS c
 WHERE c.usually >= $3::int

-- name: assistant_failing
-- Percent of the turns that ended within $2 minutes that failed.
SELECT (100.0 * count(*) FILTER (WHERE t.outcome = 'failed') / nullif(count(*), 0))::float8
           AS value, count(*) AS samples
  FROM analytics.assistant_turns t
 WHERE t.tenant_id = $1
   AND t.generation = (SELECT generation FROM analytics.projections
                        WHERE tenant_id = $1 AND name = 'turns')
   AND t.at >= now() - make_interval(mins => $2::int) AND t.outcome IN ('answered', 'failed')

-- name: erp_failing
-- Percent of the tool calls in these turns that failed because the ERP did not answer ($3: codes).
SELECT (100.0 * count(*) FILTER (WHERE c.call #>> '{result,erro}' = ANY ($3::text[]))
        / nullif(count(*), 0))::float8 AS value, count(*) AS samples
  FROM analytics.assistant_turns t
  JOIN turns r ON r.tenant_id = t.tenant_id AND r.id = t.turn_id
 CROSS JOIN LATERAL jsonb_array_elements(r.tool_results) AS c (call)
 WHERE t.tenant_id = $1
   AND t.generation = (SELECT generation FROM analytics.projections
                        WHERE tenant_id = $1 AND name = 'turns')
   AND t.at >= now() - make_interval(mins => $2::int)

-- name: cost_high
-- Cost of the turns that ended since the local midnight.
SELECT coalesce(sum(t.cost), 0)::float8 AS value, 1 AS samples
  FROM analytics.assistant_turns t
 WHERE t.tenant_id = $1
   AND t.generation = (SELECT generation FROM analytics.projections
                        WHERE tenant_id = $1 AND name = 'turns')
   AND t.at >= (SELECT date_trunc('day', now(), n.timezone) FROM tenants n WHERE n.tenant_id = $1)
