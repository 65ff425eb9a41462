"""Encryption at rest: what providers entrust to us is stored sealed."""
