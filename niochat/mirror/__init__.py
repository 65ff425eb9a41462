"""The mirror of tenants' conversations in Supabase projects."""
