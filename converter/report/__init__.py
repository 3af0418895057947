"""What a conversion kept, cost and why it was made so: one page for people, one file for machines."""
