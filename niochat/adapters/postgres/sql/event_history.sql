-- name: load_state
-- The state that the last step stored.
SELECT version, state, schema_version FROM conversations WHERE tenant_id = $1 AND id = $2

-- name: list_events
-- The events with their causes, the time at which the causing command was stored, and the text of
-- the message that each refers to. OFFSET 0 computes the ids first: row-level security lets a
-- comparison with an expression use no index, so all rows of the tenant would be read.
SELECT e.version, e.at, e.body, e.cause, i.received_at AS came, m.text AS said
  FROM (SELECT *, (body ->> 'message')::uuid AS message_id,
               CASE WHEN cause ~ '^[a-z_]+:[0-9]+$' THEN split_part(cause, ':', 2)::bigint END
               AS inbox_id
          FROM events
         WHERE tenant_id = $1 AND conversation_id = $2
        OFFSET 0) AS e
  LEFT JOIN inbox i ON i.tenant_id = e.tenant_id AND i.id = e.inbox_id
  LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.id = e.message_id
 ORDER BY e.version
