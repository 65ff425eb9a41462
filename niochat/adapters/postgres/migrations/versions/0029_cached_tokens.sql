-- How often a turn asked its model, and how much of what was read the end point had kept from
-- before: part of tokens_in.

ALTER TABLE turns ADD COLUMN model_calls integer NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN tokens_cached integer NOT NULL DEFAULT 0;

-- The function that commits a step is long, and other changes of it stay as they are.
DO $$
DECLARE
    before text := pg_get_functiondef('write_step'::regproc);
    after text;
BEGIN
    after := replace(before, 'tokens_out = x.tokens_out, cost = x.cost,',
                     'tokens_out = x.tokens_out, tokens_cached = coalesce(x.tokens_cached, 0),'
                     ' model_calls = coalesce(x.model_calls, 0), cost = x.cost,');
    after := replace(after, 'tokens_in int, tokens_out int, cost numeric)',
                     'tokens_in int, tokens_out int, tokens_cached int, model_calls int,'
                     ' cost numeric)');
    IF after NOT LIKE '%x.tokens_cached%' OR after NOT LIKE '%tokens_cached int%' THEN
        RAISE EXCEPTION 'write_step does not look as expected';
    END IF;
    EXECUTE after;
END $$;
