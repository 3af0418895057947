"""Our waves pack beside what else reads an ECG in Python, on the same recordings and windows."""
