"""Which operators need more than int8: measured by what their rounding does to the outputs."""
