"""A fixed piece of work, timed in turn with what is measured: how fast the machine was just then.

Speeds of a machine wander by more than most changes are worth: a host gives its cores to others, a board grows warm.
What is measured and the yardstick wander together, and their ratio stays. The work never changes: results of two days
are compared by it.

A yardstick helps only where it is made of what is measured. Products take most of it, as they do of a network's time;
with Python for half of it, figures of a small network wandered more over the yardstick than alone. A network whose
weights no cache keeps waits for memory, and shares that with its neighbours: beside it a sweep over as many bytes is
part of the work.
"""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DRAWS: Final = np.random.default_rng(7)
_LEFT: Final = _DRAWS.integers(-127, 128, (96, 96)).astype(np.float32)
_RIGHT: Final = _DRAWS.integers(-127, 128, (96, 96)).astype(np.float32)
_SIGNAL: Final = _DRAWS.normal(size=5000)
_TAPS: Final = _DRAWS.normal(size=31)
_READ: Final = _DRAWS.integers(0, 1 << 16, 1 << 16)
_PRODUCTS: Final = 32
_STEPS: Final = 2000
_MODULUS: Final = (1 << 31) - 1
_CACHED_BYTES: Final = 4 << 20
"""Weights up to this size stay in a cache from one window to the next."""
_MOST_SWEPT_BYTES: Final = 64 << 20


def yardstick(swept: NDArray[np.int64] | None = None) -> None:
    """Do the work once: products of small matrices, a filter, a sweep over 0.5 MB, and a loop in Python; about 0.8 ms.

    The parts take about 0.5, 0.06, 0.01 and 0.17 ms on a core of a server of 2023.

    Parameters
    ----------
    swept
        Read from one end to the other as well, shape (n,).
    """
    for _ in range(_PRODUCTS):
        _LEFT @ _RIGHT
    np.convolve(_SIGNAL, _TAPS)
    _READ.sum()
    state = 1
    for _ in range(_STEPS):
        state = state * 16807 % _MODULUS
    if swept is not None:
        np.bitwise_xor.reduce(swept)


class Yardstick:
    """Times the work again and again.

    Parameters
    ----------
    now_s
        A clock that never runs backwards, s. The thread's own by default: how fast the processor was, not how long
        others had it. Among others that took 80 % of a machine, its median by the wall clock was off tenfold at times.
    weight_bytes
        Of the network it stands beside; where they are more than caches keep, as many bytes are swept. Results are
        compared for the same model only, so that its yardstick is the same.

    Attributes
    ----------
    times_ms
        Every time so far, ms.
    """

    def __init__(self, now_s: Callable[[], float] = time.thread_time, weight_bytes: int = 0) -> None:
        self._now_s = now_s
        self.times_ms: list[float] = []
        large = weight_bytes > _CACHED_BYTES
        self._swept = np.arange(min(weight_bytes, _MOST_SWEPT_BYTES) // 8) if large else None
        yardstick(self._swept)  # the first one is of another kind: nothing is in the caches

    def measure(self) -> float:
        """Do the work once and give its time, ms."""
        began_s = self._now_s()
        yardstick(self._swept)
        self.times_ms.append((self._now_s() - began_s) * 1e3)
        return self.times_ms[-1]

    @property
    def median_ms(self) -> float | None:
        """Median so far; None where nothing was timed."""
        return float(np.median(self.times_ms)) if self.times_ms else None


def spread(times_ms: list[float]) -> float:
    """Interquartile range over the median; 0 for fewer than two times."""
    if len(times_ms) < 2:  # noqa: PLR2004 - one time has no spread
        return 0.0
    low, middle, high = np.percentile(times_ms, (25, 50, 75))
    return float((high - low) / middle)
