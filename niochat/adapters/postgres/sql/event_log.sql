-- name: log_horizon
-- All transactions below this number have ended.
SELECT log_horizon()::text

-- name: list_events_after
-- Events of these tenants after a position and up to another, in the order of the log. Texts of ids:
-- else the index of one tenant's log looks cheap, and all events would be read and sorted.
SELECT xid::text, tenant_id, conversation_id, version, type, body, at
  FROM events
 WHERE (xid, conversation_id, version) > ($1::text::xid8, $2::uuid, $3::bigint)
   AND (xid, conversation_id, version) <= ($4::text::xid8, $5::uuid, $6::bigint)
   AND tenant_id::text = ANY ($7::uuid[]::text[])
 ORDER BY events.xid, conversation_id, version LIMIT $8  -- not the text of xid

-- name: list_events_in_ranges
-- The same for several readers, each with a tenant, a start and an end.
SELECT w.number, e.*
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[], $7::bigint[])
       WITH ORDINALITY AS w (tenant_id, xid, conversation_id, version,
                             last_xid, last_conversation, last_version, number)
 CROSS JOIN LATERAL (
       SELECT xid::text, tenant_id, conversation_id, version, type, body, at
         FROM events
        WHERE (xid, conversation_id, version) > (w.xid::xid8, w.conversation_id, w.version)
          AND (xid, conversation_id, version)
              <= (w.last_xid::xid8, w.last_conversation, w.last_version)
          AND tenant_id = w.tenant_id
        ORDER BY events.xid, conversation_id, version LIMIT $8) AS e
 ORDER BY w.number, e.xid::xid8, e.conversation_id, e.version

-- name: conversations
-- The current rows of conversations, as the API shows them, but without the last message.
SELECT c.tenant_id, c.id, c.protocol, c.status, c.team, c.agent, c.version, c.opened_at,
       c.changed_at, c.resolved_at, c.waiting_since, c.priority, c.labels, c.snoozed_until,
       c.channel_id, c.contact_id, c.contact, c.phone, c.channel, c.assistant_writes,
       c.paused_until, c.contact_blocked, c.rating_status, c.rating_score, c.sla
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_conversations c USING (tenant_id, id)

-- name: last_messages
-- The last messages of conversations.
SELECT c.id, c.last_message FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_conversations c USING (tenant_id, id)

-- name: messages
-- The current rows of messages, as the API shows them.
SELECT m.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_messages m USING (tenant_id, id)

-- name: messages_with_holders
-- The same for messages of conversations, with the agent and team of the conversation.
SELECT m.*, c.agent AS holder_agent, c.team AS holder_team
  FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_messages m USING (tenant_id, id)
  JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
