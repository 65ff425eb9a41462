-- name: changed
-- Conversations in one of these statuses ($5) that the caller may see ($2 own, team or all; $3
-- user; $4 teams), filtered by teams, agents (`none` for those without), labels, priorities,
-- channels and unread messages of the caller, latest change first, after the end of the previous
-- page. Each status is walked by itself along an index. The page is selected first, so that names,
-- phone numbers and last messages are read only for its rows.
WITH page AS MATERIALIZED (
    SELECT w.tenant_id, w.id
      FROM unnest($5::text[]) AS s (status)
     CROSS JOIN LATERAL (
        SELECT c.tenant_id, c.id, c.changed_at FROM conversations c
         WHERE c.tenant_id = $1 AND c.status = s.status
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND ($12::timestamptz IS NULL OR (c.changed_at, c.id) < ($12, $13::uuid))
         ORDER BY c.changed_at DESC, c.id DESC LIMIT $14) AS w
     ORDER BY w.changed_at DESC, w.id DESC LIMIT $14
)
SELECT c.*,
       (pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296)::text AS horizon
  FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at DESC, c.id DESC

-- name: changed_again
-- Of these, the conversations that changed after the first page was read ($15: its oldest running
-- transaction, modulo 2^32), in order of change: a conversation that changes again moves to the
-- end.
WITH page AS MATERIALIZED (
    SELECT w.tenant_id, w.id
      FROM unnest($5::text[]) AS s (status)
     CROSS JOIN LATERAL (
        SELECT c.tenant_id, c.id, c.changed_at FROM conversations c
         WHERE c.tenant_id = $1 AND c.status = s.status
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND c.changed_at >= $12::timestamptz AND (c.changed_at, c.id) > ($12, $13::uuid)
           AND age(c.xmin) <= age($15::text::xid)
         ORDER BY c.changed_at, c.id LIMIT $14) AS w
     ORDER BY w.changed_at, w.id LIMIT $14
)
SELECT c.*
  FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.changed_at, c.id

-- name: opened
-- The same conversations, latest opening first: unresolved and resolved ones have an index each. The
-- one whose statuses are not asked for is not walked.
WITH page AS MATERIALIZED (
    SELECT w.tenant_id, w.id FROM (
        (SELECT c.tenant_id, c.id, c.opened_at FROM conversations c
         WHERE c.tenant_id = $1 AND c.resolved_at IS NULL AND c.status = ANY ($5::text[])
           AND $5 && ARRAY['pending', 'waiting', 'open', 'snoozed']
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND ($12::timestamptz IS NULL OR (c.opened_at, c.id) < ($12, $13::uuid))
         ORDER BY c.opened_at DESC, c.id DESC LIMIT $14)
         UNION ALL
        (SELECT c.tenant_id, c.id, c.opened_at FROM conversations c
         WHERE c.tenant_id = $1 AND c.resolved_at IS NOT NULL AND c.status = ANY ($5::text[])
           AND 'resolved' = ANY ($5)
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND ($12::timestamptz IS NULL OR (c.opened_at, c.id) < ($12, $13::uuid))
         ORDER BY c.opened_at DESC, c.id DESC LIMIT $14)) AS w
     ORDER BY w.opened_at DESC, w.id DESC LIMIT $14
)
SELECT c.* FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.opened_at DESC, c.id DESC

-- name: waiting
-- Of these, the conversations whose customer waits for a person, longest wait first.
WITH page AS MATERIALIZED (
    SELECT c.tenant_id, c.id FROM conversations c
         WHERE c.tenant_id = $1 AND c.status <> 'resolved' AND c.waiting_since IS NOT NULL
           AND c.status = ANY ($5::text[])
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND ($12::timestamptz IS NULL OR (c.waiting_since, c.id) > ($12, $13::uuid))
     ORDER BY c.waiting_since, c.id LIMIT $14
)
SELECT c.* FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY c.waiting_since, c.id

-- name: due
-- Of these, the conversations in which something was promised, the promise that is due next first.
WITH page AS MATERIALIZED (
    SELECT c.tenant_id, c.id, s.due_at
          FROM sla_conversations s
          JOIN conversations c ON c.tenant_id = s.tenant_id AND c.id = s.conversation_id
         WHERE s.tenant_id = $1 AND s.due_at IS NOT NULL AND c.status <> 'resolved'
           AND c.status = ANY ($5::text[])
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))
           AND ($6::text[] IS NULL OR c.team = ANY ($6))
           AND ($7::text[] IS NULL OR c.agent = ANY ($7) OR 'none' = ANY ($7) AND c.agent IS NULL)
           AND ($8::text[] IS NULL OR c.labels && $8)
           AND ($9::smallint[] IS NULL OR c.priority = ANY ($9))
           AND ($10::uuid[] IS NULL OR EXISTS (
                SELECT FROM threads t WHERE t.id = c.thread_id AND t.channel_id = ANY ($10)))
           AND (NOT $11::bool OR (c.agent = $3) IS TRUE AND c.status IN ('open', 'snoozed') AND (
                SELECT true FROM messages m
                 WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.author = 'customer'
                   AND m.version > coalesce((
                       SELECT r.upto FROM reads r
                        WHERE r.tenant_id = $1 AND r.user_id = $3::uuid
                          AND r.conversation_id = c.id), 0) LIMIT 1))
           AND ($12::timestamptz IS NULL OR (s.due_at, s.conversation_id) > ($12, $13::uuid))
     ORDER BY s.due_at, s.conversation_id LIMIT $14
)
SELECT c.*, page.due_at FROM page JOIN shown_conversations c USING (tenant_id, id)
 ORDER BY page.due_at, c.id

-- name: counts
-- Counts of unresolved conversations that the caller may see: the caller's own, and of each value of
-- each filter, as (filter, value, count). Equal rows are counted first, so that the sums read few.
WITH alike AS MATERIALIZED (
    SELECT c.status, c.team, c.agent, c.priority, c.labels, t.channel_id, count(*) AS many
      FROM unnest(ARRAY['pending', 'waiting', 'open', 'snoozed']) AS s (status)
     CROSS JOIN LATERAL (
        SELECT * FROM conversations c
         WHERE c.tenant_id = $1 AND c.status = s.status
           AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))) AS c
      JOIN threads t ON t.id = c.thread_id
     GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT 'mine' AS filter, '' AS value, coalesce(sum(many), 0)::bigint AS many FROM alike
 WHERE agent = $3 AND status = 'open'
UNION ALL SELECT 'status', status, sum(many)::bigint FROM alike GROUP BY status
UNION ALL SELECT 'team', team, sum(many)::bigint FROM alike WHERE team IS NOT NULL GROUP BY team
UNION ALL SELECT 'agent', coalesce(agent, 'none'), sum(many)::bigint FROM alike GROUP BY agent
UNION ALL SELECT 'priority', priority::text, sum(many)::bigint FROM alike GROUP BY priority
UNION ALL SELECT 'channel', channel_id::text, sum(many)::bigint FROM alike GROUP BY channel_id
UNION ALL SELECT 'label', l.label, sum(many)::bigint FROM alike, unnest(labels) AS l (label)
 GROUP BY l.label
