"""Measures of conversations, without a database."""
