SET lock_timeout = '5s';

-- Searching what was said (docs/adr/0026-search.md). A step pays for one small index; behind it
-- messages are gathered into blocks, each one row with all words of 128 messages.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

DO $$
BEGIN
    BEGIN
        CREATE ROLE niochat_search NOLOGIN NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- roles belong to the whole server: another database made it
    END;
    IF NOT pg_has_role(current_user, 'niochat_search', 'SET') THEN
        EXECUTE format('GRANT niochat_search TO %I WITH SET TRUE, INHERIT FALSE', current_user);
    END IF;
END $$;

-- ---------------------------------------------------------------- words
CREATE TEXT SEARCH DICTIONARY folded_portuguese
    (TEMPLATE = pg_catalog.snowball, Language = portuguese, StopWords = portuguese);
CREATE TEXT SEARCH CONFIGURATION folded_portuguese (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION folded_portuguese
    ALTER MAPPING FOR asciiword, word, numword, uint WITH folded_portuguese;

-- Small letters without accents, and a blank for everything that is neither letter nor digit.
CREATE FUNCTION folded(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(
        lower(public.unaccent('public.unaccent'::regdictionary, normalize(left(said, 4096)))),
        '[^[:alnum:]]+', ' ', 'g');
-- Stems of folded words. The stemmer knows plurals in -ões by their accents only, which are gone.
CREATE FUNCTION stemmed(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('public.folded_portuguese'::regconfig,
                       regexp_replace(words, '(oes|aes)\M', 'ao', 'g'));
CREATE FUNCTION searchable(said text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN public.stemmed(public.folded(said));

-- ---------------------------------------------------------------- where they stand
CREATE INDEX messages_stored ON messages (tenant_id, stored_at, id);
CREATE TABLE search_blocks (
    tenant_id uuid NOT NULL REFERENCES tenants,
    number    bigint NOT NULL,                  -- gap-free, oldest first
    from_at   timestamptz NOT NULL,             -- its oldest message, by when it was stored
    from_id   uuid NOT NULL,
    upto_at   timestamptz NOT NULL,             -- its newest
    upto_id   uuid NOT NULL,
    ids       uuid[] NOT NULL,                  -- its messages, oldest first
    words     tsvector NOT NULL,                -- a word's positions are its messages' places in ids
    PRIMARY KEY (tenant_id, number)
);
CREATE UNIQUE INDEX search_blocks_position ON search_blocks (tenant_id, from_at, from_id);
-- The tenant is a word of each of its blocks: the hits of others are not walked.
CREATE INDEX search_blocks_words ON search_blocks USING gin (words);
-- What people of a tenant write: for words that were typed wrongly. Letters only, so no numbers of
-- documents or telephones. `blocks` counts to twenty: enough to tell a word from a slip.
CREATE TABLE search_words (
    tenant_id uuid NOT NULL REFERENCES tenants,
    word      text NOT NULL CHECK (word ~ '^[[:alpha:]]{4,30}$'),
    blocks    smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, word)
);
CREATE INDEX search_words_like ON search_words USING gin (word gin_trgm_ops);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['search_blocks', 'search_words'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I TO niochat_app
             USING (tenant_id = (SELECT current_tenant()))
             WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
        EXECUTE format('CREATE POLICY path ON %I TO niochat_system USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY search ON %I FOR SELECT TO niochat_search USING (true)', t);
        EXECUTE format('GRANT SELECT ON %I TO niochat_app, niochat_search', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO niochat_system', t);
    END LOOP;
END $$;
-- The role that owns the two functions below, and nothing else. Its policies name no tenant: a
-- policy that did would be checked before `@@` and `%`, which are not leakproof, and so before the
-- indexes. The functions name it instead, from the session, and nobody logs in as this role.
CREATE POLICY search ON messages FOR SELECT TO niochat_search USING (true);
GRANT SELECT (tenant_id, id, stored_at, text, deleted_at) ON messages TO niochat_search;

-- ---------------------------------------------------------------- gathering
-- The next block of a tenant, of 128 messages that are older than `settled`: no step can still
-- bring one between them, and WhatsApp lets nobody edit them any more. Whether there was one.
CREATE FUNCTION gather_block(tenant uuid, settled interval) RETURNS boolean
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

-- ---------------------------------------------------------------- searching
-- REVIEWED: runs as niochat_search, which sees the messages of all tenants. It takes the tenant
-- from the session, names it in every statement, and gives nothing away but ids and moments.
--
-- Messages of the session's tenant that hold a word of each group, stored before a moment, newest
-- first, at most `most`. A last row without an id says that there is more to look at before its
-- moment: the work of one call is bounded, whatever is asked for.
CREATE FUNCTION search_messages(lexemes text[], groups int[], before_at timestamptz,
                                before_id uuid, most int)
    RETURNS TABLE (id uuid, at timestamptz, upto uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = on SET plan_cache_mode = force_generic_plan
    AS $$
DECLARE
    fresh_most CONSTANT int := 2000;            -- messages that are in no block yet
    walked     CONSTANT int := 16;              -- blocks looked at before the index is asked
    block_most CONSTANT int := 500;             -- blocks that the index found
    tenant     CONSTANT uuid := public.current_tenant();
    same       tsquery;                         -- all groups, in one message
    wanted     tsquery;                         -- the same in a block's words: at one position
    together   tsquery;                         -- what the index can tell: in one block
    last       record;
    one        record;
    blocks     refcursor;
    block      record;
    next_one   record;
    low        bigint;
    looked     int := 0;
    left_over  int := least(most, 500);
BEGIN
    IF tenant IS NULL OR coalesce(cardinality(lexemes), 0) = 0 OR left_over < 1 THEN
        RETURN;
    END IF;
    SELECT string_agg('(' || any_of.words || ')', ' & ')::tsquery,
           string_agg('(' || any_of.words || ')', ' <0> ')::tsquery
      INTO same, wanted
      FROM (SELECT string_agg(quote_literal(w.lexeme), ' | ') AS words
              FROM unnest(lexemes, groups) AS w (lexeme, of_group) GROUP BY w.of_group) AS any_of;
    together := (quote_literal('tenant:' || tenant))::tsquery && same;
    SELECT b.upto_at, b.upto_id INTO last FROM public.search_blocks b
     WHERE b.tenant_id = tenant ORDER BY b.number DESC LIMIT 1;

    -- What is in no block yet.
    FOR one IN
        SELECT m.id, m.stored_at, m.deleted_at IS NULL AND public.searchable(m.text) @@ same AS hit
          FROM public.messages m
         WHERE m.tenant_id = tenant AND (m.stored_at, m.id) < (before_at, before_id)
           AND (m.stored_at, m.id) > (coalesce(last.upto_at, '-infinity'),
                                      coalesce(last.upto_id, '00000000-0000-0000-0000-000000000000'))
         ORDER BY m.stored_at DESC, m.id DESC LIMIT fresh_most
    LOOP
        looked := looked + 1;
        IF one.hit THEN
            id := one.id; at := one.stored_at; upto := one.id;
            RETURN NEXT;
            left_over := left_over - 1;
            IF left_over = 0 THEN RETURN; END IF;
        END IF;
    END LOOP;
    IF looked = fresh_most THEN
        id := NULL; at := one.stored_at; upto := one.id;
        RETURN NEXT;
        RETURN;
    END IF;

    -- The newest blocks one by one: a word that everybody uses fills a page with them. Then those
    -- that the index finds.
    SELECT b.number INTO low FROM public.search_blocks b
     WHERE b.tenant_id = tenant AND (b.from_at, b.from_id) < (before_at, before_id)
     ORDER BY b.from_at DESC, b.from_id DESC OFFSET walked LIMIT 1;
    looked := 0;
    OPEN blocks FOR  -- and no loop over the query: that would fetch fifty ahead
        (SELECT b.from_at, b.from_id, b.ids, b.words FROM public.search_blocks b
          WHERE b.tenant_id = tenant AND (b.from_at, b.from_id) < (before_at, before_id)
          ORDER BY b.from_at DESC, b.from_id DESC LIMIT walked)
        UNION ALL
        (WITH found AS MATERIALIZED (
             -- Nothing here that another index could serve.
             SELECT b.number FROM public.search_blocks b
              WHERE b.words @@ together AND (b.tenant_id = tenant) IS TRUE)
         SELECT b.from_at, b.from_id, b.ids, b.words
           FROM (SELECT f.number FROM found f WHERE f.number <= low
                  ORDER BY f.number DESC LIMIT block_most) AS f
           JOIN public.search_blocks b ON b.tenant_id = tenant AND b.number = f.number
          ORDER BY f.number DESC);
    LOOP
        FETCH blocks INTO next_one;
        EXIT WHEN NOT FOUND;
        block := next_one;
        looked := looked + 1;
        CONTINUE WHEN NOT block.words @@ wanted;
        FOR one IN
            SELECT m.id, m.stored_at
              FROM (SELECT p.place
                      FROM unnest(block.words) AS u
                      JOIN unnest(lexemes, groups) AS w (lexeme, of_group) ON w.lexeme = u.lexeme
                     CROSS JOIN unnest(u.positions) AS p (place)
                     GROUP BY p.place
                    HAVING count(DISTINCT w.of_group)
                           = (SELECT count(DISTINCT g.g) FROM unnest(groups) AS g (g))) AS hit
              JOIN public.messages m ON m.tenant_id = tenant AND m.id = block.ids[hit.place]
             WHERE (m.stored_at, m.id) < (before_at, before_id)
               AND m.deleted_at IS NULL AND public.searchable(m.text) @@ same
             ORDER BY m.stored_at DESC, m.id DESC
        LOOP
            id := one.id; at := one.stored_at; upto := one.id;
            RETURN NEXT;
            left_over := left_over - 1;
            IF left_over = 0 THEN RETURN; END IF;
        END LOOP;
    END LOOP;
    IF looked = walked + block_most THEN
        id := NULL; at := block.from_at; upto := block.from_id;
        RETURN NEXT;
    END IF;
END $$;

-- REVIEWED: as above. Words of the session's tenant that look like one; `blocks` 0 where a word
-- stands only in what is in no block yet.
CREATE FUNCTION similar_words(wanted text)
    RETURNS TABLE (word text, blocks int)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = on SET plan_cache_mode = force_generic_plan
    SET pg_trgm.similarity_threshold = 0.25
    AS $$
DECLARE
    tenant CONSTANT uuid := public.current_tenant();
    folded CONSTANT text := trim(public.folded(wanted));
BEGIN
    RETURN QUERY
    SELECT s.word, max(s.blocks)::int
      FROM ((SELECT k.word, k.blocks FROM public.search_words k
              WHERE k.word OPERATOR(public.%) folded AND (k.tenant_id = tenant) IS TRUE
              ORDER BY public.similarity(k.word, folded) DESC, k.word LIMIT 40)
            UNION ALL
            (SELECT DISTINCT w.word, 0
               FROM (SELECT m.text FROM public.messages m
                      WHERE m.tenant_id = tenant AND m.deleted_at IS NULL
                        AND (m.stored_at, m.id) > (
                            coalesce((SELECT b.upto_at FROM public.search_blocks b
                                       WHERE b.tenant_id = tenant ORDER BY b.number DESC LIMIT 1),
                                     '-infinity'), '00000000-0000-0000-0000-000000000000'::uuid)
                      ORDER BY m.stored_at DESC, m.id DESC LIMIT 500) AS fresh
              CROSS JOIN string_to_table(public.folded(fresh.text), ' ') AS w (word)
              WHERE w.word ~ '^[[:alpha:]]{4,30}$' AND w.word OPERATOR(public.%) folded
              LIMIT 40)) AS s
     GROUP BY s.word;
END $$;

-- To own a function one must be allowed to make one; for this moment.
GRANT CREATE ON SCHEMA public TO niochat_search;
ALTER FUNCTION search_messages OWNER TO niochat_search;
ALTER FUNCTION similar_words OWNER TO niochat_search;
REVOKE CREATE ON SCHEMA public FROM niochat_search;
SET LOCAL ROLE niochat_search;
REVOKE ALL ON FUNCTION search_messages, similar_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_messages, similar_words TO niochat_app;
RESET ROLE;
REVOKE ALL ON FUNCTION gather_block FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gather_block TO niochat_system;

-- Until the first ANALYZE: a tenant may have all rows (0005_one_journey.sql says why).
SELECT pg_restore_attribute_stats(
           'schemaname', 'public', 'relname', t, 'attname', 'tenant_id', 'inherited', false,
           'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 1::real)
  FROM unnest(ARRAY['search_blocks', 'search_words']) AS t;
