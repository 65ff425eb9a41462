-- Conversations of a report with what they contribute to one dimension. `filters` has a team, an
-- agent (`none`: without one), a channel and a label, and what the caller may see: `scope` (own,
-- team or all), `user` and `teams`. They are taken out of the JSON once, not for each row (OFFSET
-- keeps it so).
CREATE OR REPLACE FUNCTION report_rows(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb
) RETURNS SETOF analytics.contributions
    LANGUAGE sql STABLE AS $$
    SELECT c.*
      FROM (SELECT filters ->> 'team' AS team, filters ->> 'agent' AS agent,
                   (filters ->> 'channel')::uuid AS channel, filters ->> 'label' AS label,
                   filters ->> 'scope' AS scope, filters ->> 'user' AS user_id,
                   filters -> 'teams' AS teams OFFSET 0) AS f
     CROSS JOIN analytics.contributions c
     WHERE c.tenant_id = tenant AND c.generation = serving AND c.dimension = chosen
       AND c.opened_at >= since AND c.opened_at < until
       AND (f.team IS NULL OR coalesce(c.team, 'none') = f.team)
       AND (f.agent IS NULL OR coalesce(c.agent, 'none') = f.agent)
       AND (f.channel IS NULL OR c.channel_id = f.channel)
       AND (f.label IS NULL OR f.label = ANY (c.labels))
       AND (f.scope = 'all' OR c.agent = f.user_id
            OR f.scope = 'team' AND (f.teams ? c.team OR c.team IS NULL AND c.agent IS NULL))
$$;
