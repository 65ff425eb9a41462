-- Writes the conversations of steps whose version and epoch are valid. Some columns are read from
-- the state, so that hosts of an older release, whose states lack them, may still call the
-- function. A conversation may be reopened if no other one of its thread is unresolved.
CREATE OR REPLACE FUNCTION fence_step(owner text, code_schema smallint, steps jsonb) RETURNS uuid[]
    LANGUAGE plpgsql AS $$
DECLARE
    won   uuid[] := '{}';
    these uuid[];
BEGIN
    -- The version is the one that was loaded and the shard is ours, or nothing happens. Rows are
    -- locked in id order, so that two batches cannot wait for each other.
    IF steps ? 'advance' THEN
        WITH x AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset(steps -> 'advance') AS x (
                tenant_id uuid, id uuid, expected bigint, next bigint, state jsonb, status text,
                team text, agent text, paused_until timestamptz, at timestamptz, epoch bigint,
                reopens bool)
        ), locked AS MATERIALIZED (
            SELECT c.id FROM x JOIN conversations c ON c.tenant_id = x.tenant_id AND c.id = x.id
             ORDER BY c.id
               FOR NO KEY UPDATE OF c
        ), advanced AS (
            UPDATE conversations c
               SET version = x.next, state = x.state, schema_version = code_schema,
                   status = x.status, team = x.team, agent = x.agent,
                   paused_until = x.paused_until, changed_at = x.at,
                   resolved_at = CASE WHEN x.status = 'resolved' THEN coalesce(c.resolved_at, x.at) END,
                   rating_status = CASE WHEN x.state ? 'rating' THEN x.state #>> '{rating,status}'
                                        ELSE c.rating_status END,
                   rating_score = coalesce((x.state #>> '{rating,score}')::smallint, c.rating_score),
                   rating_until = CASE WHEN x.status = 'resolved' THEN greatest(
                       (x.state #>> '{follow_up,answer_until}')::timestamptz,
                       CASE x.state #>> '{rating,status}'
                           WHEN 'scheduled' THEN 'infinity' WHEN 'sent' THEN 'infinity'
                           WHEN 'answered' THEN (x.state #>> '{rating,answered_at}')::timestamptz
                                                + interval '10 minutes' END) END,
                   waiting_since = CASE WHEN (x.state -> 'waits')::bool
                                        THEN coalesce(c.waiting_since, x.at) END,
                   priority = coalesce((x.state -> 'priority')::smallint, c.priority),
                   labels = CASE WHEN x.state ? 'labels' THEN
                            ARRAY(SELECT jsonb_array_elements_text(x.state -> 'labels'))
                            ELSE c.labels END,
                   snoozed_until = (x.state ->> 'snoozed_until')::timestamptz
              FROM x JOIN locked USING (id)
             WHERE c.tenant_id = x.tenant_id AND c.id = x.id AND c.version = x.expected
               AND (c.status <> 'resolved' OR x.reopens AND NOT EXISTS (
                       SELECT FROM conversations o
                        WHERE o.thread_id = c.thread_id AND o.status <> 'resolved'))
               AND (SELECT s.epoch FROM shards s
                     WHERE s.shard = shard_of(c.thread_id) AND s.host = owner) = x.epoch
            RETURNING c.thread_id
        )
        SELECT array_agg(thread_id) INTO these FROM advanced;
        won := won || these;
    END IF;
    -- For a conversation that begins the fence is the index of the one live conversation. The
    -- thread is locked against being joined to another one at the same moment.
    IF steps ? 'open' THEN
        WITH opened AS (
            INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent,
                                       paused_until, version, state, schema_version, opened_at,
                                       changed_at, waiting_since)
            SELECT x.tenant_id, x.id, x.thread_id, x.protocol, x.status, x.team, x.agent,
                   x.paused_until, x.next, x.state, code_schema, x.at, x.at,
                   CASE WHEN (x.state -> 'waits')::bool THEN x.at END
              FROM jsonb_to_recordset(steps -> 'open') AS x (
                   tenant_id uuid, id uuid, thread_id uuid, protocol text, status text, team text,
                   agent text, paused_until timestamptz, next bigint, state jsonb, at timestamptz,
                   epoch bigint)
              JOIN threads t ON t.id = x.thread_id AND t.merged_into IS NULL
             WHERE (SELECT s.epoch FROM shards s
                     WHERE s.shard = shard_of(x.thread_id) AND s.host = owner) = x.epoch
             ORDER BY x.thread_id
               FOR KEY SHARE OF t
                ON CONFLICT DO NOTHING
            RETURNING thread_id
        )
        SELECT array_agg(thread_id) INTO these FROM opened;
        won := won || these;
    END IF;
    -- A step without events: the same checks and locks, no new version.
    IF steps ? 'check' THEN
        WITH x AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset(steps -> 'check')
                AS x (thread_id uuid, id uuid, expected bigint, epoch bigint)
        ), unmerged AS MATERIALIZED (
            SELECT t.id FROM x JOIN threads t ON t.id = x.thread_id AND t.merged_into IS NULL
             ORDER BY t.id
               FOR KEY SHARE OF t
        ), locked AS MATERIALIZED (
            SELECT c.id, c.thread_id, c.version
              FROM x JOIN conversations c ON c.thread_id = x.thread_id AND c.status <> 'resolved'
             ORDER BY c.id
               FOR NO KEY UPDATE OF c
        )
        SELECT array_agg(x.thread_id) INTO these
          FROM x
          JOIN unmerged t ON t.id = x.thread_id
          JOIN shards s ON s.shard = shard_of(x.thread_id) AND s.host = owner AND s.epoch = x.epoch
          LEFT JOIN locked c ON c.thread_id = x.thread_id
         WHERE c.id IS NOT DISTINCT FROM x.id AND coalesce(c.version, 0) = x.expected;
        won := won || these;
    END IF;
    RETURN won;
END $$;
