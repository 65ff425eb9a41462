"""Parses responses of SGP into values of the port."""
