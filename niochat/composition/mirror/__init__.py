"""Services of the mirror to Supabase."""
