-- Messages of a report that were queued in a period, of one channel or all. `filters` has a team, an
-- agent and a label, and what the caller may see, as report_rows takes them; they are about the
-- conversation (`measures`: the generation of its row). Without any, all messages count.
CREATE OR REPLACE FUNCTION delivery_rows(
    tenant uuid, serving integer, since timestamptz, until timestamptz, channel uuid, filters jsonb,
    measures integer
) RETURNS SETOF analytics.delivery_contributions
    LANGUAGE sql STABLE AS $$
    SELECT d.*
      FROM (SELECT filters ->> 'team' AS team, filters ->> 'agent' AS agent,
                   filters ->> 'label' AS label, filters ->> 'scope' AS scope,
                   filters ->> 'user' AS user_id, filters -> 'teams' AS teams OFFSET 0) AS f
     CROSS JOIN analytics.delivery_contributions d
     WHERE d.tenant_id = tenant AND d.generation = serving
       AND d.queued_at >= since AND d.queued_at < until
       AND (channel IS NULL OR d.channel_id = channel)
       AND (f.scope = 'all' AND coalesce(f.team, f.agent, f.label) IS NULL OR EXISTS (
            SELECT FROM analytics.conversation_measures m
             WHERE m.tenant_id = tenant AND m.generation = measures
               AND m.conversation_id = d.conversation_id
               AND (f.team IS NULL OR coalesce(m.team, 'none') = f.team)
               AND (f.agent IS NULL OR coalesce(m.agent, 'none') = f.agent)
               AND (f.label IS NULL OR f.label = ANY (m.labels))
               AND (f.scope = 'all' OR m.agent = f.user_id
                    OR f.scope = 'team' AND (f.teams ? m.team OR m.team IS NULL AND m.agent IS NULL))))
$$;
