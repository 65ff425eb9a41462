"""Parses Uazapi webhooks. Pure functions that never raise on an odd field."""
