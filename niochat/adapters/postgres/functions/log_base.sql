-- Readers of the log stand at numbers of transactions. A cluster that a dump was restored into counts
-- them from the beginning, and would put what is new before what was read long ago. So positions
-- are these numbers and a base that a migration raises then, by replacing the function: a constant
-- costs nothing, and plans that hold it are made anew.
CREATE OR REPLACE FUNCTION log_base() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN 0::bigint;
