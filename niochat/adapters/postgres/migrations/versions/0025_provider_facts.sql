SET lock_timeout = '5s';

-- What an assistant may tell of its provider: address, fees, coverage. Hours are in the policy.
ALTER TABLE assistants ADD COLUMN facts jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(facts) = 'object');
