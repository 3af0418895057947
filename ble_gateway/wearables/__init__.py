"""One module a protocol: bytes to values and back, no I/O."""
