"""The benchmarks of ``niochat bench``."""
