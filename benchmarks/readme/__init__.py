"""The README's measured tables, made by one command: run `python -m benchmarks.readme`."""
