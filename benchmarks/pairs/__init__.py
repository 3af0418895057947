"""`python -m benchmarks.pairs`: that `bench compare` leaves the same commit in peace, and catches a slow-down."""
