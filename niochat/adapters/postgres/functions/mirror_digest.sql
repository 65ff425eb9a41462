-- The digest of a row in the shape of the mirror: the project's function niochat_digest computes the
-- same. Timestamps are compared in UTC, which is the time zone of the mirror's sessions.
CREATE OR REPLACE FUNCTION mirror_digest(mirrored jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    RETURN ('x' || left(md5(mirrored::text), 16))::bit(64)::bigint::numeric;
