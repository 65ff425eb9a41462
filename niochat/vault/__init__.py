"""Encryption at rest: secrets of tenants are stored sealed."""
