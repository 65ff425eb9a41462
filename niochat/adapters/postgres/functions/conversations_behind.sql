-- The conversations behind a value of a report, of those that the viewer may see in lists (`scope`:
-- own, team or all). `measure` is a column of contributions or the name of another source, and
-- `detail` narrows that down. Pages and counts of them are the callers' matter.
CREATE OR REPLACE FUNCTION conversations_behind(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb,
    grouped_by text, zone text, row_key text, measure text, detail text, serving_turns integer,
    scope text, viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT c.conversation_id, c.opened_at
      FROM report_rows($1, $2, $3, $4, $5, $6) AS c
      JOIN conversations v ON v.tenant_id = $1 AND v.id = c.conversation_id
     WHERE ($9 IS NULL OR $7 = 'agent' AND $10 = 'answers' OR
            report_key($7, CASE $7 WHEN 'day' THEN c.opened_day ELSE c.opened_hour END, $8, c.key)
            = $9)
       AND CASE $10
           WHEN 'answers' THEN c.conversations > 0 AND EXISTS (
                SELECT FROM analytics.human_answers a
                 WHERE a.tenant_id = $1 AND a.generation = $2
                   AND a.conversation_id = c.conversation_id
                   AND ($11 IS NULL OR a.agent = $11))
           WHEN 'outcomes' THEN EXISTS (
                SELECT FROM analytics.conversation_measures o
                 WHERE o.tenant_id = $1 AND o.generation = $2
                   AND o.conversation_id = c.conversation_id AND o.solved_by_assistant
                   AND CASE $11
                       WHEN 'confirmed' THEN o.resolution = 'assistant' OR EXISTS (
                            SELECT FROM turns t
                              JOIN erp_writes w ON w.tenant_id = $1 AND w.turn_id = t.id
                             WHERE t.tenant_id = $1 AND t.conversation_id = o.conversation_id
                               AND w.status = 'done')
                       WHEN 'assumed' THEN
                            o.resolved_at + interval '24 h' <= coalesce(o.returned_at, now())
                       WHEN 'durable' THEN
                            o.resolved_at + interval '72 h' <= coalesce(o.returned_at, now())
                       ELSE o.returned_at < o.resolved_at + interval '72 h' END)
           WHEN 'turns' THEN EXISTS (
                SELECT FROM analytics.assistant_turns t
                 WHERE t.tenant_id = $1 AND t.generation = $12
                   AND t.conversation_id = c.conversation_id
                   AND ($11 IS NULL OR t.outcome = $11))
           ELSE (to_jsonb(c) ->> $10)::bigint > 0 END
       AND ($13 = 'all' OR v.agent = $14 OR $13 = 'team' AND
            (v.team = ANY ($15) OR v.team IS NULL AND v.agent IS NULL))
$$;
