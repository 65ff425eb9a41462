"""Redis: hints, caches and counters. Nothing is lost when it is away."""
