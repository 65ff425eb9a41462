-- ---------------------------------------------------------------- assignment
-- Assigns the conversations that have waited longest to the team's online agents (seen within
-- `fresh_s` seconds), at most `most` and never more than an agent's capacity. It runs in one
-- transaction. Each statement of a function sees what was committed before the statement began, so
-- an assignment that waited for the locks counts what the other one assigned. Two assignments of
-- one queue wait for the team's row; those of queues that share agents wait for the agents' rows,
-- which are locked in one order. The conversations are not locked, because the stored command does
-- nothing if a person has taken the conversation meanwhile. Look-ups by key are subqueries, and
-- reads by index are in the order of the index: otherwise a plan made while a table was nearly
-- empty read all rows of the tenant for each row. Returns {"room": free capacity, "assigned":
-- [[thread, agent], …]}.
CREATE OR REPLACE FUNCTION assign_waiting(tenant uuid, queue text, fresh_s float8, most int) RETURNS jsonb
    LANGUAGE plpgsql AS $$
DECLARE
    how    text;
    agents uuid[];
    answer jsonb;
BEGIN
    SELECT t.assignment INTO how FROM teams t
     WHERE t.tenant_id = tenant AND t.slug = queue AND t.assignment || '' <> 'manual'
       FOR NO KEY UPDATE;
    IF how IS NULL THEN
        RETURN '{"room": 0, "assigned": []}';
    END IF;
    agents := ARRAY(SELECT m.user_id FROM team_members m WHERE m.tenant_id = tenant AND m.team = queue);
    agents := ARRAY(
        SELECT p.user_id FROM presences p
         WHERE p.tenant_id = tenant AND p.user_id = ANY (agents) AND p.state = 'online'
           AND p.seen_at > now() - make_interval(secs => fresh_s)
         ORDER BY p.user_id
           FOR NO KEY UPDATE);
    -- What was done with is counted by the conversation's own row: few are left for the rest to read.
    DELETE FROM reservations d
     WHERE d.tenant_id = tenant AND d.conversation_id = ANY (ARRAY(
               SELECT r.conversation_id FROM reservations r
                WHERE r.tenant_id = tenant
                  AND (SELECT i.outcome IS NULL FROM inbox i
                        WHERE i.tenant_id = tenant AND i.id = r.inbox_id) IS NOT TRUE
                  FOR UPDATE SKIP LOCKED));
    WITH pending AS MATERIALIZED (
        SELECT r.conversation_id, r.user_id FROM reservations r
         WHERE r.tenant_id = tenant
           AND (SELECT i.outcome IS NULL FROM inbox i
                 WHERE i.tenant_id = tenant AND i.id = r.inbox_id)
    ), reserved AS MATERIALIZED (
        SELECT user_id, count(*) AS of_them FROM pending GROUP BY user_id
    ), room AS MATERIALIZED (
        SELECT p.user_id, p.assigned_at,
               coalesce(p.capacity, (n.policy ->> 'capacity')::int, 5)
               - (SELECT count(*) FROM (
                      SELECT FROM conversations c
                       WHERE c.tenant_id = tenant AND c.agent = p.user_id::text AND c.status = 'open'
                       ORDER BY c.waiting_since LIMIT 1000) AS has)
               - coalesce((SELECT r.of_them FROM reserved r WHERE r.user_id = p.user_id), 0) AS free
          FROM presences p JOIN tenants n ON n.tenant_id = tenant
         WHERE p.tenant_id = tenant AND p.user_id = ANY (agents)
    ), places AS MATERIALIZED (
        -- Round robin: who got one longest ago, all once, then all again. Balanced: who has most
        -- room, counting what they get here; among equals who got one longest ago.
        SELECT r.user_id, row_number() OVER (
                   ORDER BY CASE how WHEN 'balanced' THEN r.free - n END DESC, n,
                            r.assigned_at NULLS FIRST, r.user_id) AS place
          FROM room r CROSS JOIN LATERAL generate_series(1, r.free) AS n
    ), first AS MATERIALIZED (
        SELECT * FROM places ORDER BY place LIMIT most
    ), next AS MATERIALIZED (
        SELECT c.id, c.thread_id, c.version, c.priority, c.waiting_since
          FROM conversations c
         WHERE c.tenant_id = tenant AND c.team = queue AND c.status = 'waiting'
           AND c.id NOT IN (SELECT conversation_id FROM pending)
         ORDER BY c.priority DESC, c.waiting_since, c.id
         LIMIT (SELECT count(*) FROM first)
    ), chosen AS MATERIALIZED (
        SELECT x.id, x.thread_id, p.user_id, p.place,
               (SELECT t.channel_id FROM threads t
                 WHERE t.tenant_id = tenant AND t.id = x.thread_id) AS channel_id,
               'assign:' || x.id || ':' || x.version AS key, nextval('inbox_numbers') AS number
          FROM (SELECT n.*, row_number() OVER (ORDER BY n.priority DESC, n.waiting_since, n.id) AS place
                  FROM next n) AS x
          JOIN first p ON p.place = x.place
    ), told AS (
        INSERT INTO inbox (tenant_id, id, channel_id, thread_id, shard, dedupe_key, command)
        SELECT tenant, number, channel_id, thread_id, shard_of(thread_id), key,
               jsonb_build_object('type', 'assign_conversation', 'agent', user_id, 'queue', queue)
          FROM chosen ORDER BY channel_id, key
            ON CONFLICT (channel_id, dedupe_key) DO NOTHING
        RETURNING id
    ), kept AS (
        INSERT INTO reservations AS r (tenant_id, conversation_id, user_id, inbox_id)
        SELECT tenant, x.id, x.user_id, x.number FROM chosen x JOIN told ON told.id = x.number
         ORDER BY x.id
            ON CONFLICT (tenant_id, conversation_id) DO UPDATE
           SET user_id = excluded.user_id, inbox_id = excluded.inbox_id, reserved_at = now()
    ), noted AS (
        UPDATE presences p
           SET assigned_at = clock_timestamp() + interval '1 microsecond' * (
                   SELECT max(x.place) FROM chosen x WHERE x.user_id = p.user_id)
         WHERE p.tenant_id = tenant AND p.user_id = ANY (ARRAY(SELECT user_id FROM chosen))
    )
    SELECT jsonb_build_object(
               'room', (SELECT count(*) FROM places) - count(*),
               'assigned', coalesce(jsonb_agg(jsonb_build_array(x.thread_id, x.user_id)
                                              ORDER BY x.place), '[]'))
      INTO answer
      FROM chosen x JOIN told ON told.id = x.number;
    RETURN answer;
END $$;
