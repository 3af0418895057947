"""The waves network: its shape, its float graph, and the pack that is made of it."""
