-- ---------------------------------------------------------------- indexing
-- Indexes the next block of 128 messages of a tenant that are older than `settled`: no step can
-- insert a message between them any more, and WhatsApp allows no edits. Returns whether there was a
-- block.
CREATE OR REPLACE FUNCTION gather_block(tenant uuid, settled interval) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    size  CONSTANT int := 128;                  -- a tsvector holds at most 255 positions a word
    last  search_blocks;
    these record;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7226042, hashtext(tenant::text)) THEN
        RETURN false;                           -- another process is at it
    END IF;
    SELECT * INTO last FROM search_blocks WHERE tenant_id = tenant ORDER BY number DESC LIMIT 1;
    SELECT array_agg(m.id) AS ids, array_agg(m.stored_at) AS ats, array_agg(m.said) AS said
      INTO these
      FROM (SELECT id, stored_at, CASE WHEN deleted_at IS NULL THEN folded(text) ELSE '' END AS said
              FROM messages
             WHERE tenant_id = tenant AND stored_at < now() - settled
               AND (stored_at, id) > (coalesce(last.upto_at, '-infinity'),
                                      coalesce(last.upto_id, '00000000-0000-0000-0000-000000000000'))
             ORDER BY stored_at, id LIMIT size) AS m;
    IF coalesce(cardinality(these.ids), 0) < size THEN
        RETURN false;
    END IF;
    INSERT INTO search_blocks (tenant_id, number, from_at, from_id, upto_at, upto_id, ids, words)
    SELECT tenant, coalesce(last.number, 0) + 1, these.ats[1], these.ids[1], these.ats[size],
           these.ids[size], these.ids,
           (quote_literal('tenant:' || tenant) || ' ' || coalesce(string_agg(w.entry, ' '), ''))::tsvector
      FROM (SELECT quote_literal(s.lexeme) || ':' || string_agg(t.place::text, ',') AS entry
              FROM unnest(these.said) WITH ORDINALITY AS t (said, place)
             CROSS JOIN unnest(stemmed(t.said)) AS s
             GROUP BY s.lexeme) AS w;
    WITH x AS MATERIALIZED (
        SELECT DISTINCT w.word FROM unnest(these.said) AS t (said)
         CROSS JOIN string_to_table(t.said, ' ') AS w (word)
         WHERE w.word ~ '^[[:alpha:]]{4,30}$'
    ), known AS (
        UPDATE search_words k SET blocks = k.blocks + 1 FROM x
         WHERE k.tenant_id = tenant AND k.word = x.word AND k.blocks < 20
    )
    INSERT INTO search_words (tenant_id, word)
    SELECT tenant, x.word FROM x
     WHERE NOT EXISTS (SELECT FROM search_words k WHERE k.tenant_id = tenant AND k.word = x.word);
    RETURN true;
END $$;
