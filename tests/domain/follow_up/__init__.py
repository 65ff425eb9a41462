"""Follow-ups, without a database."""
