-- Conversations of a report with what they contribute to one dimension. `filters` has a team, an
-- agent (`none`: without one), a channel and a label, and what the caller may see: `scope` (own,
-- team or all), `user` and `teams`.
CREATE OR REPLACE FUNCTION report_rows(
    tenant uuid, serving integer, chosen text, since timestamptz, until timestamptz, filters jsonb
) RETURNS SETOF analytics.contributions
    LANGUAGE sql STABLE AS $$
    SELECT c.* FROM analytics.contributions c
     WHERE c.tenant_id = tenant AND c.generation = serving AND c.dimension = chosen
       AND c.opened_at >= since AND c.opened_at < until
       AND (filters ->> 'team' IS NULL OR coalesce(c.team, 'none') = filters ->> 'team')
       AND (filters ->> 'agent' IS NULL OR coalesce(c.agent, 'none') = filters ->> 'agent')
       AND (filters ->> 'channel' IS NULL OR c.channel_id = (filters ->> 'channel')::uuid)
       AND (filters ->> 'label' IS NULL OR filters ->> 'label' = ANY (c.labels))
       AND (filters ->> 'scope' = 'all' OR c.agent = filters ->> 'user'
            OR filters ->> 'scope' = 'team'
               AND (filters -> 'teams' ? c.team OR c.team IS NULL AND c.agent IS NULL))
$$;
