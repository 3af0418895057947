"""A small network for the patch, taught by a large one: what it is, how it is taught, what was lost."""
