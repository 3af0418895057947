"""Measures packs on this machine: in processes of their own, in turn with a yardstick, beside the machine's mood."""
