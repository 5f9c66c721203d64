"""How fast the package is, next to what one would use instead: `python -m tests.benchmarks`."""
