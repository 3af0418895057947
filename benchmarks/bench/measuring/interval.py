"""How sure a figure is: a bootstrap interval over processes, wider on a noisy machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

import numpy as np

from benchmarks.bench.result import Mood

_RESAMPLES: Final = 2000
_CONFIDENCE: Final = 95.0
_MOST_WIDER: Final = 2.0
_MOST_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the figure lies, 95 %; both None where one process measured."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return "-"
        return f"{number(self.low)} - {number(self.high)}"


def widening(mood: Mood) -> float:
    """How many times as wide intervals are made: once on a quiet machine; on a noisy one as its speed wandered more."""
    return 1.0 + min(mood.yardstick_spread, _MOST_WIDER) if mood.noisy else 1.0


def interval(medians: Sequence[float], wider: float = 1.0) -> Interval:
    """Say where the median over processes lies (percentile bootstrap, B. Efron, 1979).

    Parameters
    ----------
    medians
        Each process's figure, shape (n_processes,).
    wider
        Both ends are moved so many times as far from the figure; see `widening`. Not below 0: nothing measured is.
    """
    if len(medians) < 2:  # noqa: PLR2004 - one process says nothing of others
        return Interval(None, None)
    values = np.asarray(medians, np.float64)
    draws = np.random.default_rng(0).integers(values.size, size=(_RESAMPLES, values.size))
    tail = (100.0 - _CONFIDENCE) / 2.0
    low, high = np.percentile(np.median(values[draws], axis=1), (tail, 100.0 - tail)).tolist()
    middle = float(np.median(values))
    return Interval(max(0.0, middle - wider * (middle - low)), middle + wider * (high - middle))


def number(value: float) -> str:
    """Three digits, without an exponent."""
    if value == 0.0:
        return "0"
    decimals = 2 - floor(log10(abs(value)))
    rounded = round(value, decimals)
    return f"{rounded:,.{min(max(decimals, 0), _MOST_DECIMALS)}f}"
