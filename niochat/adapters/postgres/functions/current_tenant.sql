-- The tenant of the session. An unset tenant is NULL, which equals nothing, so no row is visible.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('niochat.tenant', true), '')::uuid;
