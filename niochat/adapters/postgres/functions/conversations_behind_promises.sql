-- The conversations whose promises of SLA policies had an `outcome` (met or breached), of those that
-- the viewer may see in lists (`scope`: own, team or all).
CREATE OR REPLACE FUNCTION conversations_behind_promises(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb,
    grouped_by text, zone text, clock_team text, clock_agent text, clock_label text, row_key text,
    outcome text, scope text, viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT c.conversation_id, c.opened_at
      FROM report_rows($1, $2, $3, $4, $5, $6) AS c
      JOIN sla_clocks k ON k.tenant_id = $1 AND k.conversation_id = c.conversation_id
      JOIN conversations v ON v.tenant_id = $1 AND v.id = c.conversation_id
     WHERE k.policy_id IS NOT NULL
       AND CASE $13 WHEN 'met' THEN k.breached_at IS NULL AND k.outcome = 'reached'
                    ELSE k.breached_at IS NOT NULL END
       AND ($9 IS NULL OR coalesce(k.team, 'none') = $9)
       AND ($10 IS NULL OR coalesce(k.agent, 'none') = $10)
       AND ($11 IS NULL OR $11 = ANY (k.labels))
       AND ($12 IS NULL OR CASE $7
            WHEN 'team' THEN coalesce(k.team, '') = $12 WHEN 'agent' THEN coalesce(k.agent, '') = $12
            WHEN 'sla_policy' THEN k.policy_name = $12 WHEN 'sla_target' THEN k.target = $12
            WHEN 'label' THEN $12 = ANY (k.labels)
            ELSE report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8,
                            c.key) = $12 END)
       AND ($14 = 'all' OR v.agent = $15 OR $14 = 'team' AND
            (v.team = ANY ($16) OR v.team IS NULL AND v.agent IS NULL))
$$;
