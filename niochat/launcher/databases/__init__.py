"""The embedded PostgreSQL and Valkey servers of a stack."""
