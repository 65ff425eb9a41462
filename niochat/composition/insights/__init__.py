"""Composition of what reports need beside the routes."""
