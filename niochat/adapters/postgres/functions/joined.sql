-- The words that result from removing punctuation inside a word. With them, `wi-fi` is also found
-- as `wifi`, and a tax id, phone number or amount by its digits alone.
--
-- Of numbers, the ends are words too, because a search for a phone number may leave out the country
-- code and the area code.
CREATE OR REPLACE FUNCTION joined(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT string_agg(DISTINCT j.word, ' ')
          FROM (SELECT regexp_replace(m.found[1], '[^[:alnum:]]', '', 'g') AS word
                  FROM regexp_matches(left(said, 4096),
                           '[[:alnum:]]+(?:[-./''’_][[:alnum:]]+)+', 'g') AS m (found)
                UNION ALL
                SELECT array_to_string(p.parts[n.n:], '')
                  FROM regexp_matches(left(said, 4096), '\d+(?:[-.,/]\d+)+', 'g') AS m (found)
                 CROSS JOIN LATERAL (SELECT regexp_split_to_array(m.found[1], '\D+')) AS p (parts)
                 CROSS JOIN generate_series(1, least(cardinality(p.parts) - 1, 8)) AS n (n)
                UNION ALL
                SELECT right(t.digits, n.n)
                  FROM regexp_matches(left(said, 4096),
                           '(?<![[:alnum:]])(?:\+?55[ -]?)?\(?\d\d\)?[ -]{0,2}\d{4,5}[ -]?\d{4}(?![[:alnum:]])',
                           'g') AS m (found)
                 CROSS JOIN LATERAL (SELECT regexp_replace(m.found[1], '\D', '', 'g')) AS t (digits)
                 CROSS JOIN LATERAL (SELECT length(t.digits), length(t.digits) >= 12) AS l (n, abroad)
                 CROSS JOIN unnest(
                     CASE WHEN l.abroad THEN ARRAY[l.n, l.n - 2] ELSE ARRAY[l.n] END
                     || CASE WHEN m.found[1] !~ '\d\D+\d' THEN '{}'::int[]  -- maybe no telephone
                             WHEN l.abroad THEN ARRAY[l.n - 4] ELSE ARRAY[l.n - 2] END) AS n (n)
               ) AS j
         WHERE length(j.word) BETWEEN 3 AND 30);
