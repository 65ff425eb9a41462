"""Benchmarks of what reads the event log beside the path: the read model and the mirror."""
