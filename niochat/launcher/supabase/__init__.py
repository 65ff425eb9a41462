"""The Supabase sandbox of a stack, and the example page that it serves."""
