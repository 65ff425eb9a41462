-- The key of a row of a report: a local day, an hour (Unix time), a weekday (Monday is 1) with an
-- hour, or the value of the dimension.
CREATE OR REPLACE FUNCTION report_key(grouped_by text, hour timestamptz, zone text, key text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT CASE grouped_by
           WHEN 'none' THEN ''
           WHEN 'hour' THEN extract(epoch FROM hour)::bigint::text
           WHEN 'day' THEN to_char(hour AT TIME ZONE zone, 'YYYY-MM-DD')
           WHEN 'weekday_hour' THEN to_char(hour AT TIME ZONE zone, 'ID-HH24')
           ELSE key END
$$;
