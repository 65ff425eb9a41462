-- Log positions are numbers of transactions plus this base. A cluster into which a dump was
-- restored counts transactions from the start, so that new events would precede old ones. `niochat
-- migrate` raises the base then by replacing this function. A constant function costs nothing, and
-- plans that use it are invalidated when it is replaced.
CREATE OR REPLACE FUNCTION log_base() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN 0::bigint;
