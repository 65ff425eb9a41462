-- name: transcript
-- What was said in a conversation up to an event, the newest part of it, oldest first. An answer
-- stands where its turn began: what the customer wrote meanwhile it has not answered.
SELECT author, kind, text, details, sent_at FROM (
    SELECT m.author, m.kind, m.text, m.details, m.sent_at, m.version,
           CASE WHEN m.author = 'assistant'
                THEN (SELECT e.version FROM events e
                       WHERE e.tenant_id = m.tenant_id AND e.conversation_id = m.conversation_id
                         AND e.version < m.version AND e.type = 'turn_started'
                       ORDER BY e.version DESC LIMIT 1) END AS answers_upto
      FROM messages m
     WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.version <= $3
       AND m.deleted_at IS NULL AND m.code IS DISTINCT FROM 'cancelled'
     ORDER BY m.version DESC LIMIT $4) AS newest
 ORDER BY coalesce(answers_upto, version), version

-- name: current
-- Whether an attempt is still the one that counts, and its tenant active.
SELECT EXISTS (SELECT FROM turns t JOIN tenants n USING (tenant_id)
                WHERE t.tenant_id = $1 AND t.id = $2 AND t.attempt = $3 AND t.status = 'running'
                  AND n.status = 'active')
