-- name: load_turn
-- The data of turns of one tenant; no row if the attempt is not current any more. Tool results of a
-- turn that was cancelled moments ago are still valid for the next turn. `lines` are the newest
-- messages up to the turn's event, oldest first. An answer is placed where its turn began, because
-- it does not answer messages written meanwhile. A message that was answered and then edited is
-- placed where it was edited, because it needs another answer. Automatic messages of the provider's
-- app are left out. The number and cost of the conversation's turns within the hour come from rows,
-- so that they survive a restart. `pace`, the times of the messages, is read only after a few
-- turns. Scalar subqueries and LIMIT keep the planner from reading all of the tenant's rows at
-- once.
SELECT r.id, r.attempt, r.tool_results, r.started_at, now() AS now, n.timezone, n.policy, n.status,
       m.facts,
       coalesce((SELECT s.status = 'answered' FROM turns s
                  WHERE s.tenant_id = r.tenant_id
                    AND s.id = nullif(m.facts ->> 'shown_in', '')::uuid), false) AS shown,
       (SELECT true FROM messages a
         WHERE a.tenant_id = r.tenant_id AND a.conversation_id = r.conversation_id
           AND a.author IN ('assistant', 'system') AND a.kind <> 'note' LIMIT 1) IS NULL
           AS first_answer,
       p.value AS phone, p.wrote AND NOT p.taken_over AS phone_proves,
       p.document_sealed, p.known_contract, p.known_phone, p.known_at, p.shared_at,
       v.status AS stands, v.team, v.after_hours, l.turns AS turns_lately, l.cost AS cost_lately,
       CASE WHEN l.turns > 2 THEN
            (SELECT jsonb_agg(jsonb_build_array(author, text, at) ORDER BY version)
               FROM (SELECT s.author, s.text, s.version, extract(epoch FROM
                            CASE WHEN s.author = 'customer' THEN s.stored_at ELSE s.sent_at END) AS at
                       FROM messages s
                      WHERE s.tenant_id = r.tenant_id AND s.conversation_id = r.conversation_id
                        AND s.version <= q.upto AND s.deleted_at IS NULL AND s.kind <> 'note'
                        AND s.author <> 'automatic'
                      ORDER BY s.version DESC LIMIT 40) AS said) END AS pace,
       (SELECT jsonb_object_agg(g.slug, g.name) FROM teams g WHERE g.tenant_id = r.tenant_id)
           AS teams,
       (SELECT jsonb_agg(c.tool_results ORDER BY c.started_at) FROM turns c
         WHERE c.tenant_id = r.tenant_id AND c.conversation_id = r.conversation_id
           AND c.status = 'cancelled' AND c.settled_at > now() - interval '2 min'
           AND NOT EXISTS (SELECT FROM turns a
                            WHERE a.tenant_id = c.tenant_id
                              AND a.conversation_id = c.conversation_id
                              AND a.status = 'answered' AND a.started_at > c.started_at))
           AS cancelled_results,
       (SELECT jsonb_agg(jsonb_build_array(o.status, o.tool_results) ORDER BY o.started_at)
          FROM (SELECT t.status, t.tool_results, t.started_at FROM turns t
                 WHERE t.tenant_id = r.tenant_id AND t.conversation_id = r.conversation_id
                   AND t.id <> r.id AND t.tool_results <> '[]'
                 ORDER BY t.started_at DESC LIMIT $6) AS o) AS past_results,
       (SELECT array_agg(w.key) FROM erp_writes w
          JOIN turns b ON b.tenant_id = w.tenant_id AND b.id = w.turn_id
         WHERE w.tenant_id = r.tenant_id AND b.conversation_id = r.conversation_id
           AND b.status <> 'answered' AND w.status IN ('sending', 'done')) AS untold,
       (SELECT jsonb_agg(jsonb_build_array(author, kind, text,
                             CASE WHEN author = 'customer' THEN
                                  (SELECT jsonb_build_array(g.status, g.text, g.facts)
                                     FROM readings g
                                    WHERE g.tenant_id = r.tenant_id AND g.message_id = newest.id) END)
                         ORDER BY coalesce(stands_at, version), version)
          FROM (SELECT s.id, s.author, s.kind, s.text, s.version,
                       CASE WHEN s.author = 'assistant'
                            THEN (SELECT e.version FROM events e
                                   WHERE e.tenant_id = s.tenant_id
                                     AND e.conversation_id = s.conversation_id
                                     AND e.version < s.version AND e.type = 'turn_started'
                                   ORDER BY e.version DESC LIMIT 1)
                            WHEN s.author = 'customer' AND s.edited_at IS NOT NULL
                            THEN (SELECT e.version FROM events e
                                   WHERE e.tenant_id = s.tenant_id
                                     AND e.conversation_id = s.conversation_id
                                     AND e.version BETWEEN s.version AND q.upto
                                     AND e.type = 'message_edited'
                                     AND e.body ->> 'message' = s.id::text
                                     AND (e.body -> 'again')::bool
                                   ORDER BY e.version DESC LIMIT 1) END AS stands_at
                  FROM messages s
                 WHERE s.tenant_id = r.tenant_id AND s.conversation_id = r.conversation_id
                   AND s.version <= q.upto AND s.deleted_at IS NULL
                   AND s.code IS DISTINCT FROM 'cancelled' AND s.kind <> 'note'
                   AND s.author <> 'automatic'
                 ORDER BY s.version DESC LIMIT $5) AS newest) AS lines
  FROM unnest($2::uuid[], $3::int[], $4::bigint[]) AS q (id, attempt, upto)
 CROSS JOIN LATERAL (SELECT * FROM turns  -- LIMIT for the planner, see above
                      WHERE tenant_id = $1 AND id = q.id AND attempt = q.attempt
                        AND status = 'running' LIMIT 1) AS r
  JOIN tenants n ON n.tenant_id = r.tenant_id
  LEFT JOIN LATERAL (SELECT o.status, o.team, (o.state -> 'after_hours')::bool IS TRUE AS after_hours
                       FROM conversations o
                      WHERE o.tenant_id = r.tenant_id AND o.id = r.conversation_id LIMIT 1) AS v ON true
 CROSS JOIN LATERAL (SELECT count(*) AS turns, sum(c.cost) AS cost FROM turns c
                      WHERE c.tenant_id = r.tenant_id AND c.conversation_id = r.conversation_id
                        AND c.started_at > now() - interval '1 hour'
                        AND c.status <> 'cancelled') AS l
  LEFT JOIN LATERAL (SELECT i.value, i.wrote, i.taken_over, h.document_sealed, h.known_contract,
                            h.known_phone, h.known_at, h.shared_at
                       FROM threads t
                       JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.contact_id
                      -- OFFSET and LIMIT: else all of the tenant's contacts are read.
                      CROSS JOIN LATERAL (SELECT coalesce(k.merged_into, k.id) AS id OFFSET 0) AS x
                      CROSS JOIN LATERAL (SELECT * FROM contacts o
                                           WHERE o.tenant_id = k.tenant_id AND o.id = x.id
                                           LIMIT 1) AS h
                       JOIN identities i ON i.tenant_id = h.tenant_id AND i.contact_id = h.id
                      WHERE t.tenant_id = r.tenant_id AND t.id = r.thread_id
                        AND i.kind = 'phone' AND i.left_at IS NULL LIMIT 1) AS p ON true
  LEFT JOIN LATERAL (SELECT facts FROM memories
                      WHERE tenant_id = r.tenant_id AND conversation_id = r.conversation_id
                      LIMIT 1) AS m ON true
 WHERE n.status = 'active'

-- name: record_call
-- Appends a finished tool call to the turn's row together with the facts learned from it, only
-- while the attempt is current. `again` says that a call with this key ($6) is stored already, as
-- after a lost answer.
WITH turn AS (
    UPDATE turns
       SET tool_results = CASE
               WHEN tool_results @> jsonb_build_array(jsonb_build_object('key', $6::text))
               THEN tool_results ELSE tool_results || $4::jsonb END
     WHERE tenant_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'
    RETURNING conversation_id,
              old.tool_results @> jsonb_build_array(jsonb_build_object('key', $6::text)) AS again
), memory AS (
    INSERT INTO memories (tenant_id, conversation_id, facts)
    SELECT $1, conversation_id, $5::jsonb FROM turn
        ON CONFLICT (tenant_id, conversation_id) DO UPDATE
       SET facts = excluded.facts, changed_at = now()
)
SELECT conversation_id, again FROM turn

-- name: save_rejected_reply
-- Stores a text of a turn that was blocked. The derived id keeps a repetition from being stored
-- twice.
INSERT INTO refused_texts (tenant_id, id, conversation_id, turn_id, code, sentence, text, model,
                           prompt_version)
SELECT t.tenant_id, $3, t.conversation_id, t.id, $4, $5, $6, $7, $8
  FROM turns t WHERE t.tenant_id = $1 AND t.id = $2
    ON CONFLICT (tenant_id, id) DO NOTHING

-- name: find_turn_contact
-- The contact that a current turn answers, and the blind index of its tax id.
SELECT k.id, k.document_index FROM contacts k
 WHERE k.tenant_id = $1 AND k.merged_into IS NULL
   AND k.id = (SELECT t.contact_id FROM turns r
                 JOIN threads t ON t.tenant_id = r.tenant_id AND t.id = r.thread_id
                WHERE r.tenant_id = $1 AND r.id = $2 AND r.attempt = $3 AND r.status = 'running'
                LIMIT 1)
   FOR NO KEY UPDATE

-- name: save_document
-- Stores the sealed tax id of the contact, unless it has one.
UPDATE contacts SET document_sealed = $3, document_index = $4
 WHERE tenant_id = $1 AND id = $2 AND document_sealed IS NULL

-- name: mark_shared
-- Another subscriber than the contact's own was looked up for this contact, so nobody is recognised
-- by its address.
UPDATE contacts SET shared_at = now() WHERE tenant_id = $1 AND id = $2

-- name: remember_contract
-- Remembers the contract that a known subscriber confirmed, the phone, and since when the person is
-- known: now if the tax id was given in this conversation ($6), else it stays.
UPDATE contacts k
   SET known_contract = $4, known_phone = $5,
       known_at = CASE WHEN $6 THEN now() ELSE known_at END
 WHERE k.tenant_id = $1 AND k.document_sealed IS NOT NULL AND k.merged_into IS NULL
   AND ($6 OR k.known_at IS NOT NULL)
   AND k.id = (SELECT t.contact_id FROM turns r
                 JOIN threads t ON t.tenant_id = r.tenant_id AND t.id = r.thread_id
                WHERE r.tenant_id = $1 AND r.id = $2 AND r.attempt = $3 AND r.status = 'running'
                LIMIT 1)

-- name: activity_since_return
-- When a person last returned the turn's conversation to the assistant, and the number and cost of
-- its turns since then within the hour; no row if nobody did.
SELECT g.at, count(c.id) AS turns, sum(c.cost) AS cost
  FROM turns r
 CROSS JOIN LATERAL (SELECT e.at FROM events e
                      WHERE e.tenant_id = r.tenant_id AND e.conversation_id = r.conversation_id
                        AND e.type = 'conversation_given_back'
                      ORDER BY e.version DESC LIMIT 1) AS g
  LEFT JOIN turns c ON c.tenant_id = r.tenant_id AND c.conversation_id = r.conversation_id
   AND c.started_at >= greatest(g.at, now() - interval '1 hour') AND c.status <> 'cancelled'
 WHERE r.tenant_id = $1 AND r.id = $2
 GROUP BY g.at

-- name: list_earlier_conversations
-- The thread's latest conversations before the turn's, newest first: when they were opened, their
-- facts, and why they were handed off or how they ended.
SELECT o.opened_at, m.facts, h.reason AS handed_off, d.reason AS ended
  FROM turns r
 CROSS JOIN LATERAL (SELECT c.tenant_id, c.id, c.opened_at FROM conversations c
                      WHERE c.tenant_id = r.tenant_id AND c.thread_id = r.thread_id
                        AND c.id <> r.conversation_id AND c.status = 'resolved'
                      ORDER BY c.opened_at DESC LIMIT $3) AS o
  LEFT JOIN LATERAL (SELECT facts FROM memories WHERE tenant_id = o.tenant_id
                        AND conversation_id = o.id LIMIT 1) AS m ON true
  LEFT JOIN LATERAL (SELECT e.body ->> 'reason' AS reason FROM events e
                      WHERE e.tenant_id = o.tenant_id AND e.conversation_id = o.id
                        AND e.type = 'conversation_handed_off'
                      ORDER BY e.version DESC LIMIT 1) AS h ON true
  LEFT JOIN LATERAL (SELECT e.body ->> 'reason' AS reason FROM events e
                      WHERE e.tenant_id = o.tenant_id AND e.conversation_id = o.id
                        AND e.type = 'conversation_resolved'
                      ORDER BY e.version DESC LIMIT 1) AS d ON true
 WHERE r.tenant_id = $1 AND r.id = $2
 ORDER BY o.opened_at DESC

-- name: add_attachment
-- Inserts a file that will be sent with a message. The derived id keeps a repetition from being
-- stored twice.
INSERT INTO attachments (tenant_id, id, mimetype, filename, data, size, width, height)
VALUES ($1, $2, $3, $4, $5, octet_length($5::bytea), $6, $7)
    ON CONFLICT (tenant_id, id) DO NOTHING
