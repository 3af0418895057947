"""The virtual twins of the wearables, one module a protocol."""
