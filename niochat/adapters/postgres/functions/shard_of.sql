CREATE OR REPLACE FUNCTION shard_of(key uuid) RETURNS smallint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (((get_byte(uuid_send(key), 14) & 3) << 8) | get_byte(uuid_send(key), 15))::smallint;
