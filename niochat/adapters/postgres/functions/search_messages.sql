-- ---------------------------------------------------------------- search
-- REVIEWED: runs as niochat_search, which sees the messages of all tenants. It takes the tenant
-- from the session, names it in every statement, and returns nothing but ids and times.
--
-- Messages of the session's tenant that contain a word of each group and were stored before a
-- position, newest first, at most `most`. The work of one call is bounded: a last row without an id
-- says that older messages remain to be scanned before its position.
CREATE OR REPLACE FUNCTION search_messages(lexemes text[], groups int[], before_at timestamptz,
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
