-- The bin of a duration: 0 has its own, every other one ends 2% above its start.
CREATE OR REPLACE FUNCTION duration_bin(ms bigint) RETURNS smallint
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN ms <= 0 THEN 0 ELSE 1 + floor(ln(ms::float8) / ln(1.02::float8)) END::smallint
$$;
