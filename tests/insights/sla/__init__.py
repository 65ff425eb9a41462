"""SLA policies on a real database."""
