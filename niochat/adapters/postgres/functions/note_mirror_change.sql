-- Stores that a row of a mirrored tenant has changed. The first argument is the source, the second
-- the column that is its reference.
CREATE OR REPLACE FUNCTION note_mirror_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mirror_changes (tenant_id, source, ref)
    SELECT NEW.tenant_id, TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[1]
     WHERE EXISTS (SELECT FROM mirror_positions p WHERE p.tenant_id = NEW.tenant_id);
    RETURN NULL;
END $$;
