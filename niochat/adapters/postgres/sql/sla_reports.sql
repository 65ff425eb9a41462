-- name: sums
-- Promises in the conversations of report_rows ($1 to $6) that were kept, and that were breached, by
-- whose conversation it was then. $9 to $11 filter by that: team, agent, label.
SELECT x.key, count(*) FILTER (WHERE x.breached_at IS NULL) AS met,
       count(*) FILTER (WHERE x.breached_at IS NOT NULL) AS breached, count(*) AS decided
  FROM (SELECT k.breached_at,
               CASE $7 WHEN 'team' THEN coalesce(k.team, '') WHEN 'agent' THEN coalesce(k.agent, '')
                       WHEN 'sla_policy' THEN k.policy_name WHEN 'sla_target' THEN k.target
                       WHEN 'label' THEN l.label
                       ELSE report_key($7, CASE $7 WHEN 'day' THEN c.opened_day
                                                   ELSE c.opened_hour END, $8, c.key) END AS key
          FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
          JOIN sla_clocks k ON k.tenant_id = $1 AND k.conversation_id = c.conversation_id
         CROSS JOIN LATERAL (SELECT unnest(k.labels) AS label WHERE $7 = 'label'
                             UNION ALL SELECT '' WHERE $7 <> 'label') AS l
         WHERE k.policy_id IS NOT NULL AND (k.breached_at IS NOT NULL OR k.outcome = 'reached')
           AND ($9::text IS NULL OR coalesce(k.team, 'none') = $9)
           AND ($10::text IS NULL OR coalesce(k.agent, 'none') = $10)
           AND ($11::text IS NULL OR $11 = ANY (k.labels))) AS x
 GROUP BY x.key

-- name: behind
-- A page of the conversations behind such a number, latest opening first, up to $17 after ($18, $19).
WITH page AS MATERIALIZED (
    SELECT b.conversation_id, b.opened_at
      FROM conversations_behind_promises($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12,
                                         $13, $14, $15, $16) AS b
     WHERE ($18::timestamptz IS NULL OR (b.opened_at, b.conversation_id) < ($18, $19::uuid))
     ORDER BY b.opened_at DESC, b.conversation_id DESC LIMIT $17
)
SELECT s.* FROM page JOIN shown_conversations s
    ON s.tenant_id = $1 AND s.id = page.conversation_id
 ORDER BY page.opened_at DESC, page.conversation_id DESC

-- name: count_behind
-- The number of the same conversations, counted up to $17.
SELECT count(*)
  FROM (SELECT FROM conversations_behind_promises($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10,
                                                  $11, $12, $13, $14, $15, $16) LIMIT $17) AS counted
