"""``/reports``: metrics, what happens now, and the conversations behind a value."""
