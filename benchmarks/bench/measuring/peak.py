"""What the machine can do at most: an int8 product by the runtime of the packs, and reading memory."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.bench.measuring.asks import FindPeak, PeakFound
from benchmarks.bench.measuring.runtime import raw_interpreter
from benchmarks.bench.measuring.work import work_of

PRODUCT: Final = Path(__file__).with_name("product.tflite")
"""A 1x1 convolution whose weights and activations stay in the second-level cache; made by `benchmarks.product`."""
_MOST_READ_BYTES: Final = 256 << 20
_PART_OF_MEMORY: Final = 8
"""A small board reads less, so that it does not begin to swap."""


def find_peak(ask: FindPeak) -> PeakFound:
    """Multiply, then read, for so long each; the best run counts."""
    product = PRODUCT.read_bytes()
    raw = raw_interpreter(product, n_threads=ask.threads)
    gmacs = work_of(product).macs / 1e9
    return PeakFound(
        int8_gmacs=gmacs / _best_s(raw.invoke, ask.seconds),
        read_gb_s=_read_gb_s(ask.threads, ask.seconds),
    )


def _read_gb_s(n_threads: int, seconds: float) -> float:
    size = min(_MOST_READ_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _PART_OF_MEMORY)
    parts = np.array_split(np.arange(size // 8), n_threads)
    with ThreadPoolExecutor(n_threads) as pool:
        # numpy lets the others run while it adds up
        best_s = _best_s(lambda: list(pool.map(np.sum, parts)), seconds)
    return sum(part.nbytes for part in parts) / best_s / 1e9


def _best_s(call: Callable[[], object], seconds: float) -> float:
    """Shortest time of a call over so many seconds, after one that warms up."""
    call()
    best_s, end_s = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end_s or best_s == float("inf"):
        began_s = time.perf_counter()
        call()
        best_s = min(best_s, time.perf_counter() - began_s)
    return best_s
