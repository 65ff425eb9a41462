"""Redis for hints, caches and counters: no data is lost while Redis is away."""
