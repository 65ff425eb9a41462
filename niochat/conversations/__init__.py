"""Conversations: the step that decides and commits their commands, and queries that read them."""
