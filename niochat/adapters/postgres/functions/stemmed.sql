-- Stems of folded words. The stemmer recognises plurals in -ões only with their accents, which
-- folding has removed.
CREATE OR REPLACE FUNCTION stemmed(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('public.folded_portuguese'::regconfig,
                       regexp_replace(words, '(oes|aes)\M', 'ao', 'g'));
