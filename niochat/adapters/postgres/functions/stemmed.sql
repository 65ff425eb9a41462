-- Stems of folded words. The stemmer knows plurals in -ões by their accents only, which are gone.
CREATE OR REPLACE FUNCTION stemmed(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('public.folded_portuguese'::regconfig,
                       regexp_replace(words, '(oes|aes)\M', 'ao', 'g'));
