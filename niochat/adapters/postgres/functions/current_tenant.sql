-- An unset tenant is NULL, and NULL equals nothing: no row is seen.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('niochat.tenant', true), '')::uuid;
