-- name: log_horizon
-- All transactions below this number have ended.
SELECT log_horizon()::text

-- name: list_events_after
-- Events of these tenants after a position and up to another, in the order of the log.
SELECT xid::text, tenant_id, conversation_id, version, type, body, at
  FROM events
 WHERE (xid, conversation_id, version) > ($1::text::xid8, $2::uuid, $3::bigint)
   AND (xid, conversation_id, version) <= ($4::text::xid8, $5::uuid, $6::bigint)
   AND tenant_id = ANY ($7::uuid[])
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
-- The current rows of conversations, as the API shows them.
SELECT c.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_conversations c USING (tenant_id, id)

-- name: messages
-- The current rows of messages, as the API shows them.
SELECT m.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
  JOIN shown_messages m USING (tenant_id, id)
