"""What the heart says: a small network marks the waves of a window, and measurements are read off its marks."""
