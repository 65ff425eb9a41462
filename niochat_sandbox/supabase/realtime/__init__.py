"""A stand-in for Supabase Realtime that sends the changes of published tables to subscribers."""
