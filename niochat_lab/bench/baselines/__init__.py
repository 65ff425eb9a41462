"""Baselines: the same work without the part under test."""
