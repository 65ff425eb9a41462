SET lock_timeout = '5s';

-- How a tenant's model is asked, beyond what is learned from its refusals. NULL: not sent.
ALTER TABLE assistants
    ADD COLUMN temperature         double precision CHECK (temperature BETWEEN 0 AND 2),
    ADD COLUMN seed                bigint CHECK (seed >= 0),
    ADD COLUMN parallel_tool_calls boolean,
    ADD COLUMN dialect             text[] NOT NULL DEFAULT '{}',
    ADD COLUMN extra_sealed        bytea;       -- further headers and fields, as JSON; NULL: none

-- A turn ends after 200 seconds whatever the model was allowed: the setting says what is true.
SET LOCAL ROLE niochat_system;
UPDATE assistants SET max_seconds = 75 WHERE max_seconds > 75;
RESET ROLE;
