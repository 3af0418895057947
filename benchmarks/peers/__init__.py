"""The same network on this product's runtime and on others: run `python -m benchmarks.peers CHECKPOINT`."""
