-- name: by_name
-- Contacts whose name begins with $2 (all if it is empty), by name and id, after the last one of
-- the previous page ($3, $4).
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.merged_into IS NULL
   AND k.name_folded >= trim(folded($2)) AND k.name_folded < trim(folded($2)) || chr(1114111)
   AND (k.name_folded, k.id) > ($3::text, $4::uuid)
 ORDER BY k.name_folded, k.id LIMIT $5

-- name: by_phone
-- Contacts with a phone number that begins with one of these digits ($2), by number, after the last
-- one of the previous page ($3). A contact with two such numbers is returned twice.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses, p.value AS matched
  FROM (SELECT i.value, i.contact_id FROM unnest($2::text[]) AS x (digits)
         CROSS JOIN LATERAL (
              SELECT value, contact_id FROM identities
               WHERE tenant_id = $1 AND kind = 'phone' AND value > $3::text
                 AND value >= x.digits AND value < x.digits || chr(1114111)
               ORDER BY value LIMIT $4) AS i
         ORDER BY i.value LIMIT $4) AS p
  JOIN contacts k ON k.tenant_id = $1 AND k.id = p.contact_id
 ORDER BY p.value

-- name: by_tax_id
-- Contacts with this tax id, by its blind indexes ($2, one for each key), after the last one of the
-- previous page.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.document_index = ANY ($2::bytea[]) AND k.merged_into IS NULL
   AND k.id > $3::uuid
 ORDER BY k.id LIMIT $4

-- name: one
-- A contact, merged or not.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.id = $2

-- name: lock
-- The same, locked for a change.
SELECT name, document_sealed, document_index, notes, merged_into FROM contacts
 WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE

-- name: change
-- Changes a contact. With another tax id, or none, the person is not recognised any more.
UPDATE contacts
   SET name = $3, document_sealed = $4, document_index = $5, notes = $6,
       known_contract = CASE WHEN document_index = $5 THEN known_contract END,
       known_phone = CASE WHEN document_index = $5 THEN known_phone END,
       known_at = CASE WHEN document_index = $5 THEN known_at END
 WHERE tenant_id = $1 AND id = $2

-- name: conversations
-- Conversations of a contact that the caller may see ($3 own, team or all; $4 user; $5 teams),
-- newest first. The join begins with the tenant's channels, which are few.
SELECT c.*
  FROM channels h
  JOIN threads t ON t.tenant_id = h.tenant_id AND t.channel_id = h.id AND t.contact_id = $2
  JOIN shown_conversations c ON c.tenant_id = t.tenant_id AND c.thread_id = t.id
 WHERE h.tenant_id = $1
   AND ($3 = 'all' OR c.agent = $4 OR $3 = 'team' AND
        (c.team = ANY ($5::text[]) OR c.team IS NULL AND c.agent IS NULL))
   AND ($6::timestamptz IS NULL OR (c.opened_at, c.id) < ($6, $7::uuid))
 ORDER BY c.opened_at DESC, c.id DESC LIMIT $8
