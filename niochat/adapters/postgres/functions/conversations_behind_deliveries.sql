-- The conversations with messages of a report (`measure`: a column of them that is positive), of
-- those that the viewer may see in lists (`scope`: own, team or all).
CREATE OR REPLACE FUNCTION conversations_behind_deliveries(
    tenant uuid, serving integer, since timestamptz, until timestamptz, grouped_by text, zone text,
    channel uuid, filters jsonb, measures integer, measure text, row_key text, scope text,
    viewer text, viewer_teams text[]
) RETURNS TABLE (conversation_id uuid, opened_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT DISTINCT v.id, v.opened_at
      FROM delivery_rows($1, $2, $3, $4, $7, $8, $9) AS d
      JOIN conversations v ON v.tenant_id = $1 AND v.id = d.conversation_id
     WHERE CASE $10 WHEN 'queued' THEN d.queued WHEN 'sent' THEN d.sent
                    WHEN 'delivered' THEN d.delivered WHEN 'read' THEN d.read
                    ELSE d.failed END > 0
       AND ($11 IS NULL OR CASE $5
            WHEN 'channel' THEN d.channel_id::text WHEN 'message_author' THEN d.author
            WHEN 'delivery_failure' THEN d.failure
            ELSE report_key($5, CASE $5 WHEN 'day' THEN d.queued_day ELSE d.queued_hour END, $6, '')
            END = $11)
       AND ($12 = 'all' OR v.agent = $13 OR $12 = 'team' AND
            (v.team = ANY ($14) OR v.team IS NULL AND v.agent IS NULL))
$$;
