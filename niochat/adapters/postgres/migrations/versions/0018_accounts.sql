SET lock_timeout = '5s';

-- Calls of the assistant show no document any more; those that were kept before are masked. First,
-- while no table is locked: it may be many rows.
SET LOCAL ROLE niochat_system;
UPDATE turns SET tool_results = (
    SELECT jsonb_agg(
               CASE WHEN jsonb_typeof(call -> 'arguments') = 'string'
                    THEN jsonb_set(call, '{arguments}', to_jsonb(
                             regexp_replace(call ->> 'arguments', '\d', '*', 'g')))
                    WHEN call -> 'arguments' ? 'cpf_cnpj'
                    THEN jsonb_set(call, '{arguments,cpf_cnpj}', to_jsonb(
                             regexp_replace(call #>> '{arguments,cpf_cnpj}', '\d', '*', 'g')))
                    ELSE call END
               ORDER BY place)
      FROM jsonb_array_elements(tool_results) WITH ORDINALITY AS kept (call, place))
 WHERE tool_results::text LIKE '%cpf_cnpj%';
RESET ROLE;

-- Attempts are counted before they are judged. Where a limit delays, the next one is judged from
-- next_at on; NULL: at once.
ALTER TABLE attempts ADD COLUMN next_at timestamptz;
CREATE INDEX attempts_since ON attempts (since);

-- A key is good while the user who answers for it is here, and may no more than they do.
ALTER TABLE api_keys
    ADD COLUMN owner_id uuid,                    -- a user, or a superuser: of no tenant, so no key
    ADD COLUMN transferred_at timestamptz;       -- NULL: whoever made it answers for it
SET LOCAL ROLE niochat_gate;
WITH RECURSIVE made AS (
    SELECT k.id, u.id AS owner FROM api_keys k JOIN users u ON u.id = k.created_by
     UNION
    SELECT k.id, m.owner FROM api_keys k JOIN made m ON m.id = k.created_by
)
UPDATE api_keys k SET owner_id = m.owner FROM made m WHERE m.id = k.id;
RESET ROLE;
GRANT SELECT (owner_id, transferred_at), UPDATE (owner_id, transferred_at)
    ON api_keys TO niochat_app;
