"""What a pack costs as C on emulated Cortex-M cores: run `python -m benchmarks.patch`."""
