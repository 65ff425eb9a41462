"""Follow-ups on a real database."""
