-- Text in lower case without accents, with a blank for each character that is neither letter nor
-- digit, followed by the words that result from removing punctuation (see `joined`).
CREATE OR REPLACE FUNCTION folded(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(
        lower(public.unaccent('public.unaccent'::regdictionary,
            normalize(left(said, 4096)) || CASE
                -- Most texts have nothing of the kind: one look instead of three.
                WHEN left(said, 4096) ~ '[[:alnum:]][-.,/''’_][[:alnum:]]|\d{2}[) -]{1,3}\d{4}|\d{10}'
                THEN coalesce(' ' || public.joined(normalize(said)), '') ELSE '' END)),
        '[^[:alnum:]]+', ' ', 'g');
