"""Measurements of load, processes, PostgreSQL and live events."""
