"""Routes for users: sign-in, users, roles, teams, API keys and presence."""
