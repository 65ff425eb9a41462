"""A stand-in for a Supabase project: PostgREST behind an API gateway with keys, and Realtime."""
