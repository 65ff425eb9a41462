-- name: load_threads
-- The data of each thread for a step: the unresolved conversation unless the host has it in memory,
-- the tenant's policy, pending inbox rows, oldest first, and timers that are due by the database's
-- clock. An idle timer and that of a rating say whether sends are unsettled, because
-- both count only after all messages were sent. Messages and sends that commands refer to: by ids given for commands in
-- memory, and by the field names of `domain/conversation/commands.py` for inbox rows. Messages are
-- found by the gateway's id, with the updates that arrived before them; sends only in the thread
-- itself (LIMIT keeps the planner from reading all of them at once). A number for the protocol
-- number if a conversation may be opened, and the resolved conversation that a command reopens. For
-- messages of the provider's phone: whether a person wrote on it lately, and the texts that it is
-- known to send automatically. The resolved conversation whose rating may still change or whose
-- follow-up may be answered (`rating_until` is until then), and before the customer is asked for a
-- rating: when they were last asked. Before a message that the provider begins: whether the customer
-- has opted out of them.
SELECT t.id AS thread_id, t.tenant_id, t.channel_id, t.merged_into, t.blocked, now() AS now,
       c.id AS conversation_id, c.state, c.schema_version,
       n.status, n.policy::text AS policy, n.timezone, p.pending,
       (SELECT jsonb_agg(jsonb_build_array(
                   d.name, d.generation, d.name IN ('idle', 'rating') AND EXISTS (
                   SELECT FROM outbox o
                    WHERE o.thread_id = d.thread_id
                      AND o.status IN ('queued', 'sending', 'uncertain'))) ORDER BY d.due_at)
          FROM timers d WHERE d.thread_id = x.thread_id AND d.due_at <= now()) AS due,
       (SELECT jsonb_agg(jsonb_build_array(
                   k.id, m.id, m.author, m.status, m.conversation_id, m.sent_at, m.edited_at,
                   m.deleted_at IS NOT NULL,
                   (SELECT jsonb_agg(jsonb_build_array(u.kind, u.value) ORDER BY u.kept_at)
                      FROM unmatched u
                     WHERE u.thread_id = x.thread_id AND u.external_id = k.id)))
          FROM (SELECT jsonb_array_elements_text(x.externals)
                 UNION
                SELECT jsonb_path_query(p.pending, '$[*][2].keyvalue() ? (
                    @.key == "external_id" || @.key == "target" || @.key == "targets").value[*]', '{}', true) #>> '{}') AS k (id)
          LEFT JOIN LATERAL (
              SELECT * FROM messages m
               WHERE m.thread_id = x.thread_id AND m.external_id = k.id LIMIT 1) AS m ON true
         WHERE k.id IS NOT NULL) AS news,
       (SELECT jsonb_agg(jsonb_build_array(
                   o.id, o.status, o.conversation_id, o.message_id, o.attempts,
                   m.author, m.status, m.conversation_id, m.sent_at, m.edited_at,
                   m.deleted_at IS NOT NULL,
                   CASE WHEN o.kind IN ('edit', 'deletion', 'reaction') THEN o.kind END,
                   CASE WHEN o.kind IN ('edit', 'deletion', 'reaction') THEN o.text END))
          FROM (SELECT jsonb_array_elements_text(x.sends)
                 UNION
                SELECT jsonb_path_query(p.pending, '$[*][2].track_id', '{}', true) #>> '{}') AS k (id)
         CROSS JOIN LATERAL (
              SELECT * FROM outbox o
               WHERE o.id = CASE WHEN pg_input_is_valid(k.id, 'uuid') THEN k.id::uuid END
                 AND o.thread_id = x.thread_id LIMIT 1) AS o
          JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id) AS sends,
       CASE WHEN c.id IS NULL AND NOT x.live
                 AND p.pending @? '$[*][2] ? (
                    @.type == "receive_message" || @.type == "start_conversation")'
            THEN nextval('protocol_numbers') END AS number,
       CASE WHEN p.pending @? '$[*][2] ? (@.type == "receive_phone_message")' THEN
            (SELECT true FROM messages m
              WHERE m.tenant_id = t.tenant_id AND m.thread_id = t.id
                AND m.stored_at > now() - interval '1 hour' AND m.author = 'phone' LIMIT 1)
            END AS phone_lately,
       CASE WHEN p.pending @? '$[*][2] ? (@.type == "receive_phone_message")' THEN
            (SELECT array_agg(g.text) FROM (
                 SELECT trim(l.text) AS text
                   FROM (SELECT m.thread_id, m.text FROM messages m
                          WHERE m.tenant_id = t.tenant_id AND m.author = 'automatic'
                            AND m.stored_at > now() - interval '30 days'
                          ORDER BY m.stored_at DESC LIMIT 200) AS l
                   JOIN threads o ON o.id = l.thread_id AND o.channel_id = t.channel_id
                  WHERE l.text <> ''
                  GROUP BY 1 HAVING count(DISTINCT l.thread_id) > 1 LIMIT 20) AS g)
            END AS automatic,
       CASE WHEN p.pending @? '$[*][2] ? (
                    @.type == "reopen_conversation" || @.type == "send_follow_up")' THEN
            (SELECT jsonb_build_array(r.schema_version, r.state) FROM conversations r
              WHERE r.tenant_id = t.tenant_id AND (r.thread_id = t.id) IS TRUE
                AND r.status || '' = 'resolved'  -- `|| ''`: so that the key's index is used
                AND r.id = (jsonb_path_query_first(p.pending, '$[*][2] ? (
                    @.type == "reopen_conversation" || @.type == "send_follow_up"
                    ).conversation') #>> '{}')::uuid
                AND (p.pending @? '$[0][2] ? (@.type == "reopen_conversation")'
                     OR NOT EXISTS (SELECT FROM conversations l
                                     WHERE l.tenant_id = t.tenant_id AND l.thread_id = t.id
                                       AND l.opened_at > r.opened_at))) END AS over,
       CASE WHEN p.pending @? '$[*][2] ? (@.type == "send_follow_up")' THEN
            (SELECT k.opted_out_at IS NOT NULL FROM contacts k
              WHERE k.tenant_id = t.tenant_id AND k.id = t.contact_id) END AS opted_out,
       CASE WHEN c.id IS NULL AND NOT x.live THEN
            (SELECT jsonb_build_array(r.schema_version, r.state) FROM conversations r
              WHERE r.thread_id = t.id AND r.rating_until > now()
              ORDER BY r.rating_until DESC LIMIT 1) END AS rated,
       CASE WHEN (SELECT true FROM timers d  -- LIMIT and not EXISTS: else all timers are hashed
                   WHERE d.tenant_id = t.tenant_id AND d.thread_id = t.id AND d.name = 'rating'
                     AND d.due_at <= now() LIMIT 1) THEN
            (SELECT jsonb_build_array(k.opted_out_at IS NOT NULL, (
                        SELECT max(g.sent_at) FROM channels h
                          JOIN threads o ON o.tenant_id = h.tenant_id AND o.channel_id = h.id
                                        AND o.contact_id = t.contact_id
                         CROSS JOIN LATERAL (
                              SELECT r.sent_at FROM ratings r
                               WHERE r.tenant_id = o.tenant_id AND r.thread_id = o.id
                                 AND r.sent_at IS NOT NULL
                               ORDER BY r.sent_at DESC LIMIT 1) AS g
                         WHERE h.tenant_id = t.tenant_id))
               FROM contacts k WHERE k.tenant_id = t.tenant_id AND k.id = t.contact_id)
            END AS rating_history
  FROM jsonb_to_recordset($1) AS x (thread_id uuid, wanted int, remembered bool, live bool,
                                    externals jsonb, sends jsonb)
  JOIN threads t ON t.id = x.thread_id
  JOIN tenants n ON n.tenant_id = t.tenant_id
  LEFT JOIN conversations c
         ON NOT x.remembered AND c.thread_id = x.thread_id AND c.status <> 'resolved'
 CROSS JOIN LATERAL (
     SELECT jsonb_agg(jsonb_build_array(i.id, i.failures, i.command) ORDER BY i.id) AS pending
       FROM (SELECT id, failures, command FROM inbox
              WHERE thread_id = x.thread_id AND processed_at IS NULL
              ORDER BY id LIMIT x.wanted) AS i) AS p

-- name: commit
-- Statement 2 in one round trip; returns the committed threads. The function is
-- `functions/commit_step.sql`.
SELECT commit_step($1, $2::smallint, $3)

-- name: write
-- Writes a step whose conversation was written and fenced by the caller.
SELECT write_step($1, $2::smallint, $3, $4::uuid[])

-- name: count_failure
-- Counts a failed step of the thread's first pending row.
UPDATE inbox SET failures = failures + 1
 WHERE (tenant_id, id) = (SELECT tenant_id, id FROM inbox
                           WHERE thread_id = $1 AND processed_at IS NULL ORDER BY id LIMIT 1)

-- name: forward_merged_rows
-- Moves rows that were still written to a merged thread.
UPDATE inbox i SET thread_id = t.merged_into, shard = shard_of(t.merged_into)
  FROM threads t
 WHERE t.id = ANY ($1::uuid[]) AND t.merged_into IS NOT NULL
   AND i.thread_id = t.id AND i.processed_at IS NULL
RETURNING t.merged_into
