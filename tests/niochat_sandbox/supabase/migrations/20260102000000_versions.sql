-- An older version never replaces a newer one, whoever writes.
CREATE OR REPLACE FUNCTION keep_newer_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <= OLD.version THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS keep_newer_version ON conversations;
CREATE TRIGGER keep_newer_version BEFORE UPDATE ON conversations
    FOR EACH ROW EXECUTE FUNCTION keep_newer_version();

-- Realtime sends the changes of what is published.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_publication_tables
        WHERE pubname = 'supabase_realtime' AND schemaname = 'public' AND tablename = 'conversations'
    ) THEN
        ALTER PUBLICATION supabase_realtime ADD TABLE conversations;
    END IF;
END
$$;
