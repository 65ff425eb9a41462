"""Users, roles, teams, sessions, tokens and API keys: who a caller is and what the caller may
do.
"""
