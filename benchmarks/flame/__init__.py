"""Where the time of one window goes: a flame graph before and after, the overhead of the loop, and its memory."""
