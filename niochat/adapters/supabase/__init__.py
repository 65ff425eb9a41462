"""The Supabase projects of tenants: requests, errors, schema."""
