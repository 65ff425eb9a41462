SET lock_timeout = '5s';

-- By kind of request what is done about it: a service order, a team, nothing. What it lacks goes
-- to a team.
ALTER TABLE assistants
    ADD COLUMN requests jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(requests) = 'object');
