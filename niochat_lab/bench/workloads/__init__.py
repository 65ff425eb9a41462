"""The workloads of the benchmarks."""
