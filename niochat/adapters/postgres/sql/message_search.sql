-- name: lexemes
-- The stems of each word ($2), in the same order. Stop words such as "para" have none. $1 is
-- unused, because no table is read.
SELECT w.word, trim(folded(w.word)) AS folded, tsvector_to_array(searchable(w.word)) AS lexemes
  FROM unnest($2::text[]) WITH ORDINALITY AS w (word, n)
 WHERE $1::uuid IS NOT NULL
 ORDER BY w.n

-- name: similar
-- Words in the tenant's messages that are similar to this one.
SELECT word, blocks FROM similar_words($2) WHERE $1::uuid = current_tenant()

-- name: scan_messages
-- Messages with a word of each group, newest first, before a position. A last row without an id
-- says that older messages remain to be scanned before its position.
SELECT id, at, upto FROM search_messages($2, $3, $4, $5, $6) WHERE $1::uuid = current_tenant()

-- name: visible_messages
-- Those of these messages ($2) that the caller may see ($3 own, team or all; $4 user; $5 teams),
-- with their conversation and the words of each that match ($6, a tsquery).
SELECT m.*, c.protocol, c.status AS conversation_status, c.team, c.agent, c.channel_id,
       c.contact_id, c.contact,
       ARRAY(SELECT DISTINCT w.word
               FROM (SELECT regexp_split_to_table(left(m.text, 4096), '[^[:alnum:]]+')
                     UNION ALL
                     SELECT s.found[1] FROM regexp_matches(left(m.text, 4096),
                         '[[:alnum:]]+(?:[-.,/''’_][[:alnum:]]+)+', 'g') AS s (found)) AS w (word)
              WHERE searchable(regexp_replace(w.word, '[^[:alnum:]]', '', 'g'))
                    @@ $6::text::tsquery) AS hits
  FROM unnest($2::uuid[]) AS f (id)
  JOIN shown_messages m ON m.tenant_id = $1 AND m.id = f.id
  JOIN shown_conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
 WHERE $3 = 'all' OR c.agent = $4 OR $3 = 'team' AND
       (c.team = ANY ($5::text[]) OR c.team IS NULL AND c.agent IS NULL)
 ORDER BY m.stored_at DESC, m.id DESC

-- name: tenants
-- The tenants whose messages are indexed.
SELECT tenant_id FROM tenants ORDER BY tenant_id

-- name: index_block
-- Indexes the next block of a tenant; returns whether there was one.
SELECT gather_block($1, make_interval(secs => $2))
