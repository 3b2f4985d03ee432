"""What is measured: each a command of ``python -m benchmarks``."""
