"""A pack as C for a patch: static memory, no interpreter, the numbers of TFLite Micro bit for bit."""
