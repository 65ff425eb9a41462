"""Keys that sign tokens: stored sealed, and rotating by themselves."""
