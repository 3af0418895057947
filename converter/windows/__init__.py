"""Windows of recordings to calibrate and to verify with: their sources, the choice, how they are spoilt."""
