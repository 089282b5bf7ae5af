"""Benchmarks of the runtime, on both databases: `python -m benchmarks.runtime`."""
