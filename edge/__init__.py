"""anyecg-edge."""
