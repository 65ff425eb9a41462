"""Applies a provider file to the database."""
