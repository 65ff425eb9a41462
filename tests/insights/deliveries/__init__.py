"""Deliveries of sent messages."""
