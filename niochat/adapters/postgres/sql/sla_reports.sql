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
-- A page of the conversations behind such a number, latest opening first, of those that the caller
-- may see in lists ($15 own, team or all; $16 user; $17 teams). $12 is the key, $13 met or breached.
WITH page AS MATERIALIZED (
    SELECT DISTINCT c.conversation_id, c.opened_at
      FROM report_rows($1, $2, $3, $4, $5, $6::jsonb) AS c
      JOIN sla_clocks k ON k.tenant_id = $1 AND k.conversation_id = c.conversation_id
      JOIN conversations v ON v.tenant_id = $1 AND v.id = c.conversation_id
     WHERE k.policy_id IS NOT NULL
       AND CASE $13::text WHEN 'met' THEN k.breached_at IS NULL AND k.outcome = 'reached'
                          ELSE k.breached_at IS NOT NULL END
       AND ($9::text IS NULL OR coalesce(k.team, 'none') = $9)
       AND ($10::text IS NULL OR coalesce(k.agent, 'none') = $10)
       AND ($11::text IS NULL OR $11 = ANY (k.labels))
       AND ($12::text IS NULL OR CASE $7
            WHEN 'team' THEN coalesce(k.team, '') = $12 WHEN 'agent' THEN coalesce(k.agent, '') = $12
            WHEN 'sla_policy' THEN k.policy_name = $12 WHEN 'sla_target' THEN k.target = $12
            WHEN 'label' THEN $12 = ANY (k.labels)
            ELSE report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8,
                            c.key) = $12 END)
       AND ($15 = 'all' OR v.agent = $16 OR $15 = 'team' AND
            (v.team = ANY ($17::text[]) OR v.team IS NULL AND v.agent IS NULL))
       AND ($18::timestamptz IS NULL OR (c.opened_at, c.conversation_id) < ($18, $19::uuid))
     ORDER BY c.opened_at DESC, c.conversation_id DESC LIMIT $14
)
SELECT s.* FROM page JOIN shown_conversations s
    ON s.tenant_id = $1 AND s.id = page.conversation_id
 ORDER BY page.opened_at DESC, page.conversation_id DESC
