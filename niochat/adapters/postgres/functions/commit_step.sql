CREATE OR REPLACE FUNCTION commit_step(owner text, code_schema smallint, steps jsonb) RETURNS uuid[]
    LANGUAGE plpgsql AS $$
DECLARE
    won uuid[] := fence_step(owner, code_schema, steps);
BEGIN
    IF won <> '{}' THEN
        -- Files first: a message names its own.
        IF steps ?| ARRAY['files', 'fetched', 'readings', 'read'] THEN
            PERFORM write_files(steps, won);
        END IF;
        PERFORM write_step(owner, code_schema, steps, won);
    END IF;
    RETURN won;
END $$;
