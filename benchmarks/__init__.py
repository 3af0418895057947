"""What it costs on this machine: run `python -m benchmarks`."""
