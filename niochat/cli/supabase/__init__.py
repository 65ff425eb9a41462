"""``niochat supabase``: the mirror in Supabase projects."""
