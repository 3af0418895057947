"""Memory that is no longer needed goes back to the system between the stages of a conversion."""

import ctypes
import gc


def give_back_memory() -> None:
    """Collect, and have glibc return what was freed: it keeps blocks of a model's size for the next ones otherwise."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
