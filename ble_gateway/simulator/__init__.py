"""A radio and wearables in software, for the demo and the tests; they say that they are simulated."""
