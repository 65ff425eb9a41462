"""Who comes in, and who they then are: users, passwords, sessions, tokens, keys."""
