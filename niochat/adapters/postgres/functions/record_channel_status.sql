-- Records each status of a channel's session; the row of the channel has the latest one only.
CREATE OR REPLACE FUNCTION record_channel_status() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.channel_status_changes (tenant_id, channel_id, status)
    VALUES (NEW.tenant_id, NEW.id, NEW.status) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
