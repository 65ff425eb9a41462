-- name: list
-- Contacts who want no message that the provider begins, the latest opt-out first, up to $4 after
-- ($2, $3), with who entered it and where the customer said it.
SELECT k.id AS contact_id, k.name,
       (SELECT i.value FROM identities i
         WHERE i.tenant_id = k.tenant_id AND i.contact_id = k.id AND i.kind = 'phone'
           AND i.left_at IS NULL LIMIT 1) AS phone,
       k.opted_out_at, k.opted_out_by = 'customer' AS by_customer, k.opted_out_by AS by,
       (SELECT u.name FROM users u
         WHERE u.tenant_id = k.tenant_id AND u.id::text = k.opted_out_by) AS by_name,
       k.opted_out_reason AS reason, k.opted_out_conversation AS conversation_id
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.opted_out_at IS NOT NULL AND k.merged_into IS NULL
   AND ($2::timestamptz IS NULL OR (k.opted_out_at, k.id) < ($2, $3::uuid))
 ORDER BY k.opted_out_at DESC, k.id DESC LIMIT $4

-- name: undo
-- Lets a contact get such messages again; returns what was stored.
UPDATE contacts k
   SET opted_out_at = NULL, opted_out_by = NULL, opted_out_reason = NULL,
       opted_out_conversation = NULL, ratings_refused_at = NULL
  FROM (SELECT * FROM contacts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE) AS before
 WHERE k.tenant_id = $1 AND k.id = before.id AND before.opted_out_at IS NOT NULL
RETURNING before.opted_out_at, before.opted_out_by, before.opted_out_reason
