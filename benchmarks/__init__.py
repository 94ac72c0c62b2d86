"""Benchmarks of the project against alternatives with the same result: `make bench`."""
