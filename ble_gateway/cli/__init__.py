"""The verbs that need a radio, simulated or not."""
