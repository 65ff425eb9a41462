"""Redis for hints, caches and counters: nothing is lost while it is away."""
