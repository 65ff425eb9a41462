-- name: serving
-- The generations that reports read, the code that wrote the first one, and the tenant's time zone.
SELECT t.timezone,
       (SELECT generation FROM analytics.projections
         WHERE tenant_id = $1 AND name = 'conversations') AS conversations,
       (SELECT p.revision FROM analytics.projections j JOIN analytics.positions p
         USING (tenant_id, name, generation)
         WHERE j.tenant_id = $1 AND j.name = 'conversations') AS revision,
       (SELECT generation FROM analytics.projections
         WHERE tenant_id = $1 AND name = 'turns') AS turns,
       (SELECT generation FROM analytics.projections
         WHERE tenant_id = $1 AND name = 'deliveries') AS deliveries
  FROM tenants t WHERE t.tenant_id = $1

-- name: sums_of_rollups
-- Sums of a period that begins and ends with a bucket, of one dimension ($4) or one key of it.
SELECT report_key($7, r.bucket, $8, r.key) AS key,
       sum(r.conversations)::bigint AS conversations, sum(r.outside_hours)::bigint AS outside_hours,
       sum(r.resolved)::bigint AS resolved, sum(r.resolved_agent)::bigint AS resolved_agent,
       sum(r.resolved_assistant)::bigint AS resolved_assistant, sum(r.resolved_inactivity)::bigint
       AS resolved_inactivity, sum(r.solved_by_assistant)::bigint AS solved_by_assistant,
       sum(r.with_people)::bigint AS with_people, sum(r.handoffs)::bigint AS handoffs,
       sum(r.reopened)::bigint AS reopened, sum(r.transfers)::bigint AS transfers,
       sum(r.offline_returns)::bigint AS offline_returns, sum(r.after_hours)::bigint AS after_hours,
       sum(r.first_answers)::bigint AS first_answers, sum(r.first_answer_ms)::bigint AS
       first_answer_ms, sum(r.first_answer_open_ms)::bigint AS first_answer_open_ms,
       sum(r.first_human_answers)::bigint AS first_human_answers, sum(r.first_human_ms)::bigint AS
       first_human_ms, sum(r.first_human_open_ms)::bigint AS first_human_open_ms,
       sum(r.next_answers)::bigint AS next_answers, sum(r.next_answer_ms)::bigint AS next_answer_ms,
       sum(r.next_answer_open_ms)::bigint AS next_answer_open_ms, sum(r.assistant_ms)::bigint AS
       assistant_ms, sum(r.assistant_open_ms)::bigint AS assistant_open_ms,
       sum(r.waiting_ms)::bigint AS waiting_ms, sum(r.waiting_open_ms)::bigint AS waiting_open_ms,
       sum(r.agent_ms)::bigint AS agent_ms, sum(r.agent_open_ms)::bigint AS agent_open_ms,
       sum(r.snoozed_ms)::bigint AS snoozed_ms, sum(r.snoozed_open_ms)::bigint AS snoozed_open_ms,
       sum(r.resolution_ms)::bigint AS resolution_ms, sum(r.resolution_open_ms)::bigint AS
       resolution_open_ms, sum(r.ratings)::bigint AS ratings, sum(r.rating_sum)::bigint AS
       rating_sum, sum(r.messages_customer)::bigint AS messages_customer,
       sum(r.messages_assistant)::bigint AS messages_assistant, sum(r.messages_agent)::bigint AS
       messages_agent, sum(r.messages_phone)::bigint AS messages_phone,
       sum(r.messages_system)::bigint AS messages_system, sum(r.messages_failed)::bigint AS
       messages_failed, sum(r.turns)::bigint AS turns, sum(r.turn_failures)::bigint AS
       turn_failures, sum(r.tool_calls)::bigint AS tool_calls, sum(r.tokens)::bigint AS tokens,
       sum(r.cost_micros)::bigint AS cost_micros, sum(r.with_turns)::bigint AS with_turns,
       sum(r.solved_with_turns)::bigint AS solved_with_turns, sum(r.confirmed_by_words)::bigint AS
       confirmed_by_words, sum(r.returned_24h)::bigint AS returned_24h, sum(r.returned_72h)::bigint
       AS returned_72h
  FROM analytics.rollups r
 WHERE r.tenant_id = $1 AND r.generation = $2 AND r.grain = $3 AND r.dimension = $4
   AND r.bucket >= $5 AND r.bucket < $6 AND ($9::text IS NULL OR r.key = $9)
 GROUP BY 1

-- name: sums_of_rows
-- The same from the rows, for any period and filter.
SELECT report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) AS key,
       sum(c.conversations)::bigint AS conversations, sum(c.outside_hours)::bigint AS outside_hours,
       sum(c.resolved)::bigint AS resolved, sum(c.resolved_agent)::bigint AS resolved_agent,
       sum(c.resolved_assistant)::bigint AS resolved_assistant, sum(c.resolved_inactivity)::bigint
       AS resolved_inactivity, sum(c.solved_by_assistant)::bigint AS solved_by_assistant,
       sum(c.with_people)::bigint AS with_people, sum(c.handoffs)::bigint AS handoffs,
       sum(c.reopened)::bigint AS reopened, sum(c.transfers)::bigint AS transfers,
       sum(c.offline_returns)::bigint AS offline_returns, sum(c.after_hours)::bigint AS after_hours,
       sum(c.first_answers)::bigint AS first_answers, sum(c.first_answer_ms)::bigint AS
       first_answer_ms, sum(c.first_answer_open_ms)::bigint AS first_answer_open_ms,
       sum(c.first_human_answers)::bigint AS first_human_answers, sum(c.first_human_ms)::bigint AS
       first_human_ms, sum(c.first_human_open_ms)::bigint AS first_human_open_ms,
       sum(c.next_answers)::bigint AS next_answers, sum(c.next_answer_ms)::bigint AS next_answer_ms,
       sum(c.next_answer_open_ms)::bigint AS next_answer_open_ms, sum(c.assistant_ms)::bigint AS
       assistant_ms, sum(c.assistant_open_ms)::bigint AS assistant_open_ms,
       sum(c.waiting_ms)::bigint AS waiting_ms, sum(c.waiting_open_ms)::bigint AS waiting_open_ms,
       sum(c.agent_ms)::bigint AS agent_ms, sum(c.agent_open_ms)::bigint AS agent_open_ms,
       sum(c.snoozed_ms)::bigint AS snoozed_ms, sum(c.snoozed_open_ms)::bigint AS snoozed_open_ms,
       sum(c.resolution_ms)::bigint AS resolution_ms, sum(c.resolution_open_ms)::bigint AS
       resolution_open_ms, sum(c.ratings)::bigint AS ratings, sum(c.rating_sum)::bigint AS
       rating_sum, sum(c.messages_customer)::bigint AS messages_customer,
       sum(c.messages_assistant)::bigint AS messages_assistant, sum(c.messages_agent)::bigint AS
       messages_agent, sum(c.messages_phone)::bigint AS messages_phone,
       sum(c.messages_system)::bigint AS messages_system, sum(c.messages_failed)::bigint AS
       messages_failed, sum(c.turns)::bigint AS turns, sum(c.turn_failures)::bigint AS
       turn_failures, sum(c.tool_calls)::bigint AS tool_calls, sum(c.tokens)::bigint AS tokens,
       sum(c.cost_micros)::bigint AS cost_micros, sum(c.with_turns)::bigint AS with_turns,
       sum(c.solved_with_turns)::bigint AS solved_with_turns, sum(c.confirmed_by_words)::bigint AS
       confirmed_by_words, sum(c.returned_24h)::bigint AS returned_24h, sum(c.returned_72h)::bigint
       AS returned_72h
  FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
 GROUP BY 1

-- name: quantiles
-- Exact quantiles of durations, in milliseconds; within business hours if $9.
SELECT report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) AS key,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
           ORDER BY CASE WHEN $9::bool THEN c.first_answer_open_ms ELSE c.first_answer_ms END)
           FILTER (WHERE c.first_answers > 0) AS first_answer,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
           ORDER BY CASE WHEN $9::bool THEN c.first_human_open_ms ELSE c.first_human_ms END)
           FILTER (WHERE c.first_human_answers > 0) AS first_human,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
           ORDER BY CASE WHEN $9::bool THEN c.resolution_open_ms ELSE c.resolution_ms END)
           FILTER (WHERE c.resolved > 0) AS resolution
  FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
 GROUP BY 1

-- name: bins_of_rollups
-- Conversations by bins of their durations ($7), in whole weeks; of one dimension ($3) or one key.
SELECT CASE WHEN $6::text = 'none' THEN '' ELSE r.key END AS key, r.name, r.bin,
       sum(r.conversations)::bigint AS conversations
  FROM analytics.duration_rollups r
 WHERE r.tenant_id = $1 AND r.generation = $2 AND r.dimension = $3 AND r.name = ANY ($7::text[])
   AND r.bucket >= $4 AND r.bucket < $5 AND ($8::text IS NULL OR r.key = $8)
 GROUP BY 1, 2, 3

-- name: bins_of_rows
-- The same from the rows.
SELECT CASE WHEN $7 = 'none' THEN '' ELSE d.key END AS key, d.name, duration_bin(d.ms) AS bin,
       count(*) AS conversations
  FROM (SELECT c.key, n.name,
               CASE n.name
               WHEN 'first_answer' THEN CASE WHEN c.first_answers > 0 THEN c.first_answer_ms END
               WHEN 'first_answer_open' THEN
                    CASE WHEN c.first_answers > 0 THEN c.first_answer_open_ms END
               WHEN 'first_human' THEN
                    CASE WHEN c.first_human_answers > 0 THEN c.first_human_ms END
               WHEN 'first_human_open' THEN
                    CASE WHEN c.first_human_answers > 0 THEN c.first_human_open_ms END
               WHEN 'resolution' THEN CASE WHEN c.resolved > 0 THEN c.resolution_ms END
               ELSE CASE WHEN c.resolved > 0 THEN c.resolution_open_ms END END AS ms
          FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
         CROSS JOIN unnest($8::text[]) AS n (name)
        OFFSET 0) AS d
 WHERE d.ms IS NOT NULL
 GROUP BY 1, 2, 3

-- name: confirmed_by_writes
-- Conversations that the assistant solved without the customer's words, but with a write to the ERP.
-- Writes can be settled at any time, so no projection counts them. OFFSET keeps the search by
-- conversation: PostgreSQL does not know how few writes there are.
WITH written AS MATERIALIZED (
    SELECT DISTINCT t.conversation_id
      FROM erp_writes w JOIN turns t ON t.tenant_id = w.tenant_id AND t.id = w.turn_id
     WHERE w.tenant_id = $1 AND w.status = 'done' AND w.requested_by IS NULL
       AND w.journaled_at >= $4::timestamptz - interval '1 day'
)
SELECT report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) AS key,
       count(*) AS confirmed_by_writes
  FROM written w
 CROSS JOIN LATERAL (
       SELECT r.* FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS r
        WHERE r.conversation_id = w.conversation_id OFFSET 0) AS c
 WHERE c.solved_by_assistant > 0 AND c.confirmed_by_words = 0
 GROUP BY 1

-- name: not_yet_lasting
-- Solved conversations whose customers have not come back, but could within a day or three.
WITH recent AS MATERIALIZED (
    SELECT m.conversation_id, m.resolved_at FROM analytics.conversation_measures m
     WHERE m.tenant_id = $1 AND m.generation = $2 AND m.solved_by_assistant
       AND m.returned_at IS NULL AND m.resolved_at > now() - interval '72 h'
)
SELECT report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) AS key,
       count(*) FILTER (WHERE s.resolved_at > now() - interval '24 h') AS younger_than_24h,
       count(*) AS younger_than_72h
  FROM recent s
 CROSS JOIN LATERAL (
       SELECT r.* FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS r
        WHERE r.conversation_id = s.conversation_id OFFSET 0) AS c
 WHERE c.solved_by_assistant > 0
 GROUP BY 1

-- name: answers_of_rollups
-- Answers of people in conversations that were opened in whole hours or days ($3), of one agent ($8)
-- or all.
SELECT CASE $6 WHEN 'agent' THEN r.agent ELSE report_key($6, r.bucket, $7, '') END AS key,
       sum(r.answers)::bigint AS answers, sum(r.answer_ms)::bigint AS answer_ms,
       sum(r.answer_open_ms)::bigint AS answer_open_ms
  FROM analytics.answer_rollups r
 WHERE r.tenant_id = $1 AND r.generation = $2 AND r.grain = $3
   AND r.bucket >= $4 AND r.bucket < $5 AND ($8::text IS NULL OR r.agent = $8)
 GROUP BY 1

-- name: answers_of_rows
-- The same from the rows, for any period and filter, by who answered if $7 is agent; $9 filters by
-- that.
SELECT CASE $7 WHEN 'agent' THEN a.agent ELSE
       report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) END
           AS key,
       count(*) AS answers, sum(a.wait_ms)::bigint AS answer_ms,
       sum(a.wait_open_ms)::bigint AS answer_open_ms
  FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
  JOIN analytics.human_answers a
    ON a.tenant_id = $1 AND a.generation = $2 AND a.conversation_id = c.conversation_id
 WHERE c.conversations > 0 AND ($9::text IS NULL OR a.agent = $9)
 GROUP BY 1

-- name: answer_quantiles
-- The exact ninth decile of these answers; within business hours if $10.
SELECT CASE $7 WHEN 'agent' THEN a.agent ELSE
       report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key) END
           AS key,
       percentile_cont(0.9) WITHIN GROUP (
           ORDER BY CASE WHEN $10::bool THEN a.wait_open_ms ELSE a.wait_ms END) AS answer_p90
  FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
  JOIN analytics.human_answers a
    ON a.tenant_id = $1 AND a.generation = $2 AND a.conversation_id = c.conversation_id
 WHERE c.conversations > 0 AND ($9::text IS NULL OR a.agent = $9)
 GROUP BY 1

-- name: presence
-- Milliseconds that agents were online and away within the period, until now at most.
SELECT CASE $4 WHEN 'agent' THEN p.user_id::text WHEN 'pause_reason' THEN p.reason ELSE '' END AS key,
       (extract(epoch FROM sum(p.ended - p.began) FILTER (WHERE p.state = 'online')) * 1000)::bigint
           AS online_ms,
       (extract(epoch FROM sum(p.ended - p.began) FILTER (WHERE p.state = 'away')) * 1000)::bigint
           AS away_ms
  FROM (SELECT s.user_id, s.state, s.reason, greatest(s.at, $2) AS began,
               least(coalesce(lead(s.at) OVER (PARTITION BY s.user_id ORDER BY s.at), now()), $3)
                   AS ended
          FROM presence_changes s
         WHERE s.tenant_id = $1
           AND ($5::text IS NULL OR s.user_id::text = $5)
           AND ($6 = 'all' OR s.user_id::text = $7 OR $6 = 'team' AND EXISTS (
                SELECT FROM team_members w WHERE w.tenant_id = $1 AND w.user_id = s.user_id
                   AND w.team = ANY ($8::text[])))) AS p
 WHERE p.ended > p.began AND ($4 <> 'pause_reason' OR p.state = 'away') GROUP BY 1

-- name: uptime
-- Milliseconds for which channels had a known status and were connected, within the period.
SELECT CASE $4 WHEN 'channel' THEN p.channel_id::text ELSE '' END AS key,
       (extract(epoch FROM sum(p.ended - p.began)) * 1000)::bigint AS known_ms,
       (extract(epoch FROM coalesce(sum(p.ended - p.began) FILTER (WHERE p.status = 'connected'),
                                    interval '0')) * 1000)::bigint AS connected_ms
  FROM (SELECT s.channel_id, s.status, greatest(s.at, $2) AS began,
               least(coalesce(lead(s.at) OVER (PARTITION BY s.channel_id ORDER BY s.at), now()), $3)
                   AS ended
          FROM channel_status_changes s
         WHERE s.tenant_id = $1 AND ($5::uuid IS NULL OR s.channel_id = $5)) AS p
 WHERE p.ended > p.began AND p.status <> 'unknown' GROUP BY 1

-- name: names
-- The names of teams, agents, channels and reasons for pauses by their keys.
SELECT slug AS key, name FROM teams WHERE $2 = 'team' AND tenant_id = $1
UNION ALL SELECT id::text, name FROM users WHERE $2 = 'agent' AND tenant_id = $1
UNION ALL SELECT id::text, name FROM channels WHERE $2 = 'channel' AND tenant_id = $1
UNION ALL SELECT r.reason ->> 'code', r.reason ->> 'name'
            FROM pause_reasons p, jsonb_array_elements(p.reasons) AS r (reason)
           WHERE $2 = 'pause_reason' AND p.tenant_id = $1

-- name: behind
-- A page of the conversations behind a value, latest opening first, up to $16 after ($17, $18).
WITH page AS MATERIALIZED (
    SELECT b.conversation_id, b.opened_at
      FROM conversations_behind($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12, $13, $14,
                                $15) AS b
     WHERE ($17::timestamptz IS NULL OR (b.opened_at, b.conversation_id) < ($17, $18::uuid))
     ORDER BY b.opened_at DESC, b.conversation_id DESC LIMIT $16
)
SELECT s.* FROM page JOIN shown_conversations s
    ON s.tenant_id = $1 AND s.id = page.conversation_id
 ORDER BY page.opened_at DESC, page.conversation_id DESC

-- name: count_behind
-- The number of the same conversations, counted up to $16.
SELECT count(*)
  FROM (SELECT FROM conversations_behind($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12,
                                         $13, $14, $15) LIMIT $16) AS counted
