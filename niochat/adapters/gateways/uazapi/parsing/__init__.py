"""Parsers of Uazapi webhooks: pure functions that never raise on an odd field."""
