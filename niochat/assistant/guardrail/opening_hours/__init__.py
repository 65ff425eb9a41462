"""Check statements about opening hours against the tenant's policy."""
