-- name: by_name
-- Contacts whose name begins with $2 (all if it is empty), by name and id, after the last one of
-- the previous page ($3, $4), with one of these labels ($6).
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       k.labels, k.blocked_at IS NOT NULL AS blocked,
       k.opted_out_at IS NOT NULL AS opted_out,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.merged_into IS NULL
   AND k.name_folded >= trim(folded($2)) AND k.name_folded < trim(folded($2)) || chr(1114111)
   AND (k.name_folded, k.id) > ($3::text, $4::uuid)
   AND ($6::text[] IS NULL OR k.labels && $6)
 ORDER BY k.name_folded, k.id LIMIT $5

-- name: by_word
-- The same for contacts of whose name some word begins with $2: the tenant's names are walked in
-- their order until the page is full. Text without letters and digits is in no name.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       k.labels, k.blocked_at IS NOT NULL AS blocked,
       k.opted_out_at IS NOT NULL AS opted_out,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.merged_into IS NULL
   AND strpos(' ' || k.name_folded, (SELECT ' ' || trim(folded($2)))) > 0  -- folded once
   AND (SELECT trim(folded($2)) <> '' OR trim($2) = '')
   AND k.name_folded >= $3::text  -- so that the index of names is walked, and nothing sorted
   AND (k.name_folded, k.id) > ($3::text, $4::uuid)
   AND ($6::text[] IS NULL OR k.labels && $6)
 ORDER BY k.name_folded, k.id LIMIT $5

-- name: by_phone
-- Contacts with a phone number that begins with one of these digits ($2), by number, after the last
-- one of the previous page ($3), with one of these labels ($5). A contact with two such numbers is
-- returned twice.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       k.labels, k.blocked_at IS NOT NULL AS blocked,
       k.opted_out_at IS NOT NULL AS opted_out,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses, p.value AS matched
  FROM (SELECT i.value, i.contact_id FROM unnest($2::text[]) AS x (digits)
         CROSS JOIN LATERAL (
              SELECT value, contact_id FROM identities
               WHERE tenant_id = $1 AND kind = 'phone' AND value > $3::text
                 AND value >= x.digits AND value < x.digits || chr(1114111)
                 AND ($5::text[] IS NULL OR EXISTS (
                      SELECT FROM contacts k WHERE k.tenant_id = $1 AND k.id = contact_id
                                               AND k.labels && $5))
               ORDER BY value LIMIT $4) AS i
         ORDER BY i.value LIMIT $4) AS p
  JOIN contacts k ON k.tenant_id = $1 AND k.id = p.contact_id
 ORDER BY p.value

-- name: by_tax_id
-- Contacts with this tax id, by its blind indexes ($2, one for each key), after the last one of the
-- previous page.
SELECT k.id, k.name, k.name_folded, k.document_sealed, k.notes, k.merged_into, k.created_at,
       k.labels, k.blocked_at IS NOT NULL AS blocked,
       k.opted_out_at IS NOT NULL AS opted_out,
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
       k.labels, k.blocked_at IS NOT NULL AS blocked,
       k.opted_out_at IS NOT NULL AS opted_out,
       ARRAY(SELECT i.value FROM identities i WHERE i.tenant_id = k.tenant_id
                AND i.contact_id = k.id AND i.kind = 'phone' ORDER BY 1) AS phones,
       addresses_of(k.tenant_id, k.id) AS addresses
  FROM contacts k
 WHERE k.tenant_id = $1 AND k.id = $2

-- name: lock
-- The same, locked for a change.
SELECT name, document_sealed, document_index, notes, merged_into, labels, blocked_at,
       opted_out_at IS NOT NULL AS opted_out
  FROM contacts
 WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE

-- name: change
-- Changes a contact. $7: it wants no message that the provider begins, as $8 says. With another tax id, or none, the person is not recognised any more.
UPDATE contacts
   SET name = $3, document_sealed = $4, document_index = $5, notes = $6,
       opted_out_at = CASE WHEN $7 THEN coalesce(opted_out_at, now()) END,
       opted_out_by = CASE WHEN $7 THEN coalesce(opted_out_by, $8) END,
       opted_out_reason = CASE WHEN $7 THEN coalesce(opted_out_reason, 'agent') END,
       ratings_refused_at = CASE WHEN $7 THEN coalesce(opted_out_at, now()) END,
       known_contract = CASE WHEN document_index = $5 THEN known_contract END,
       known_phone = CASE WHEN document_index = $5 THEN known_phone END,
       known_at = CASE WHEN document_index = $5 THEN known_at END
 WHERE tenant_id = $1 AND id = $2

-- name: set_labels
-- Replaces the labels of a contact.
UPDATE contacts SET labels = $3 WHERE tenant_id = $1 AND id = $2

-- name: set_blocked
-- Blocks or unblocks a contact, and all threads with it: steps read the thread.
WITH changed AS (
    UPDATE contacts SET blocked_at = CASE WHEN $3 THEN coalesce(blocked_at, now()) END
     WHERE tenant_id = $1 AND id = $2
)
UPDATE threads t SET blocked = $3 FROM channels h
 WHERE h.tenant_id = $1 AND t.tenant_id = $1 AND t.channel_id = h.id AND t.contact_id = $2
   AND t.blocked <> $3

-- name: unresolved
-- The unresolved conversations of a contact, with their threads and channels.
SELECT c.id, c.thread_id, t.channel_id, c.status, c.team, c.agent
  FROM channels h
  JOIN threads t ON t.tenant_id = h.tenant_id AND t.channel_id = h.id AND t.contact_id = $2
  JOIN conversations c ON c.tenant_id = t.tenant_id AND c.thread_id = t.id
   AND c.status <> 'resolved'
 WHERE h.tenant_id = $1

-- name: holders
-- Who has or had the conversations of a contact.
SELECT DISTINCT c.agent, c.team
  FROM channels h
  JOIN threads t ON t.tenant_id = h.tenant_id AND t.channel_id = h.id AND t.contact_id = $2
  JOIN conversations c ON c.tenant_id = t.tenant_id AND c.thread_id = t.id
 WHERE h.tenant_id = $1 LIMIT 200

-- name: files
-- Messages with a file of a contact that the caller may see, newest first, before the last one of
-- the previous page ($6, $7).
SELECT m.*
  FROM channels h
  JOIN threads t ON t.tenant_id = h.tenant_id AND t.channel_id = h.id AND t.contact_id = $2
 CROSS JOIN LATERAL (
       SELECT n.tenant_id, n.id, n.stored_at FROM messages n
         JOIN conversations c ON c.tenant_id = n.tenant_id AND c.id = n.conversation_id
        WHERE n.tenant_id = t.tenant_id AND n.thread_id = t.id AND n.details ? 'attachment'
          AND n.deleted_at IS NULL
          AND ($3 = 'all' OR c.agent = $4 OR $3 = 'team' AND
               (c.team = ANY ($5::text[]) OR c.team IS NULL AND c.agent IS NULL))
          AND ($6::timestamptz IS NULL OR n.stored_at <= $6 AND (n.stored_at, n.id) < ($6, $7::uuid))
        ORDER BY n.stored_at DESC, n.id DESC LIMIT $8) AS f
 CROSS JOIN LATERAL (
       SELECT * FROM shown_messages s WHERE s.tenant_id = f.tenant_id AND s.id = f.id LIMIT 1) AS m
 WHERE h.tenant_id = $1
 ORDER BY m.stored_at DESC, m.id DESC LIMIT $8

-- name: outside
-- Messages of a contact that belong to no conversation, newest first, before the last one of the
-- previous page ($3, $4).
SELECT m.*
  FROM channels h
  JOIN threads t ON t.tenant_id = h.tenant_id AND t.channel_id = h.id AND t.contact_id = $2
 CROSS JOIN LATERAL (
       SELECT n.tenant_id, n.id FROM messages n
        WHERE n.tenant_id = t.tenant_id AND n.thread_id = t.id AND n.conversation_id IS NULL
          AND ($3::timestamptz IS NULL OR n.stored_at <= $3 AND (n.stored_at, n.id) < ($3, $4::uuid))
        ORDER BY n.stored_at DESC, n.id DESC LIMIT $5) AS f
 CROSS JOIN LATERAL (
       SELECT * FROM shown_messages s WHERE s.tenant_id = f.tenant_id AND s.id = f.id LIMIT 1) AS m
 WHERE h.tenant_id = $1
 ORDER BY m.stored_at DESC, m.id DESC LIMIT $5

-- name: labels
-- Labels in use, with the numbers of unresolved conversations that the caller may see ($2 own, team
-- or all; $3 user; $4 teams) and of contacts. Contacts are left out unless $5.
SELECT label AS name, sum(conversations)::bigint AS conversations, sum(contacts)::bigint AS contacts
  FROM (SELECT l.label, 1 AS conversations, 0 AS contacts
          FROM unnest(ARRAY['pending', 'waiting', 'open', 'snoozed']) AS s (status)
         CROSS JOIN LATERAL (
               SELECT c.labels FROM conversations c
                WHERE c.tenant_id = $1 AND c.status = s.status AND c.labels <> '{}'
                  AND ($2 = 'all' OR c.agent = $3 OR $2 = 'team' AND
                       (c.team = ANY ($4::text[]) OR c.team IS NULL AND c.agent IS NULL))) AS c,
               unnest(c.labels) AS l (label)
         UNION ALL
        SELECT l.label, 0, 1 FROM contacts k, unnest(k.labels) AS l (label)
         WHERE $5 AND k.tenant_id = $1 AND k.merged_into IS NULL AND k.labels <> '{}') AS used
 GROUP BY label ORDER BY label

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
