"""Results as one page for people, with plots, and the same figures for machines."""
