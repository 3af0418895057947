"""`anyecg bench`: what a pack costs on the machine at hand, and how that compares."""
