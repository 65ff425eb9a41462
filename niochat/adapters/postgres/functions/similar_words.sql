-- REVIEWED: runs as niochat_search, like search_messages. Words of the session's tenant that are
-- similar to a given one. `blocks` is 0 for a word that occurs only in messages that are not
-- indexed yet.
CREATE OR REPLACE FUNCTION similar_words(wanted text)
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
