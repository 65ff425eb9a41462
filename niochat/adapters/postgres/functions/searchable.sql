CREATE OR REPLACE FUNCTION searchable(said text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN public.stemmed(public.folded(said));
