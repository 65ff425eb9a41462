-- name: load_state
-- The state that the last step stored.
SELECT version, state, schema_version FROM conversations WHERE tenant_id = $1 AND id = $2

-- name: list_events
-- The events with their causes, the time at which the causing command was stored, and the text of
-- the message that each refers to.
SELECT e.version, e.at, e.body, e.cause, i.received_at AS came, m.text AS said
  FROM events e
  LEFT JOIN inbox i
    ON i.tenant_id = e.tenant_id
   AND i.id = CASE WHEN e.cause ~ '^[a-z_]+:[0-9]+$' THEN split_part(e.cause, ':', 2)::bigint END
  LEFT JOIN messages m
    ON m.tenant_id = e.tenant_id AND m.id = (e.body ->> 'message')::uuid
 WHERE e.tenant_id = $1 AND e.conversation_id = $2
 ORDER BY e.version
