"""Users, roles, teams, sessions, tokens and API keys: authentication and authorization
of callers.
"""
