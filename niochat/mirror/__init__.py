"""The mirror of tenants in Supabase projects."""
