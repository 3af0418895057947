"""A radio and wearables in software, used by the demo and the tests alike; they say that they are simulated."""
