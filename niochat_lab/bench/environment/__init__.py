"""The temporary stack of a benchmark, its tenants and its load."""
