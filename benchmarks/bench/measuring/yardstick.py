"""A fixed piece of work, timed in turn with what is measured: how fast the machine was just then.

Speeds of a machine wander by more than most changes are worth: a host gives its cores to others, a board grows warm.
What is measured and the yardstick wander together, and their ratio stays. The work never changes: results of two days
are compared by it.
"""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

_DRAWS: Final = np.random.default_rng(7)
_LEFT: Final = _DRAWS.integers(-127, 128, (96, 96)).astype(np.float32)
_RIGHT: Final = _DRAWS.integers(-127, 128, (96, 96)).astype(np.float32)
_SIGNAL: Final = _DRAWS.normal(size=5000)
_TAPS: Final = _DRAWS.normal(size=31)
_READ: Final = _DRAWS.integers(0, 1 << 16, 1 << 16)
_PRODUCTS: Final = 16
_STEPS: Final = 4000
_MODULUS: Final = (1 << 31) - 1


def yardstick() -> None:
    """Do the work once: products of small matrices, a filter, a sweep over 0.5 MB, and a loop in Python; about 1 ms.

    The parts take about 0.2, 0.1, 0.01 and 0.4 ms on a core of a server of 2023.
    """
    for _ in range(_PRODUCTS):
        _LEFT @ _RIGHT
    np.convolve(_SIGNAL, _TAPS)
    _READ.sum()
    state = 1
    for _ in range(_STEPS):
        state = state * 16807 % _MODULUS


class Yardstick:
    """Times the work again and again.

    Parameters
    ----------
    now_s
        A clock that never runs backwards, s.

    Attributes
    ----------
    times_ms
        Every time so far, ms.
    """

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._now_s = now_s
        self.times_ms: list[float] = []
        yardstick()  # the first one is of another kind: nothing is in the caches

    def measure(self) -> float:
        """Do the work once and give its time, ms."""
        began_s = self._now_s()
        yardstick()
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
