"""How sure a figure is: a bootstrap interval over processes, wider on a noisy machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_RESAMPLES: Final = 2000
_CONFIDENCE: Final = 95.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the figure lies, 95 %; both None where one process measured."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return "-"
        return f"{_short(self.low)} - {_short(self.high)}"


def interval(medians: Sequence[float], widening: float = 1.0) -> Interval:
    """Say where the median over processes lies (percentile bootstrap, B. Efron, 1979).

    Parameters
    ----------
    medians
        Each process's figure, shape (n_processes,).
    widening
        Both ends are moved so many times as far from the figure: one plus the yardstick's spread where the machine was
        noisy, which is how far its speed wandered.
    """
    if len(medians) < 2:  # noqa: PLR2004 - one process says nothing of others
        return Interval(None, None)
    values = np.asarray(medians, np.float64)
    draws = np.random.default_rng(0).integers(values.size, size=(_RESAMPLES, values.size))
    tail = (100.0 - _CONFIDENCE) / 2.0
    low, high = np.percentile(np.median(values[draws], axis=1), (tail, 100.0 - tail)).tolist()
    middle = float(np.median(values))
    return Interval(middle - widening * (middle - low), middle + widening * (high - middle))


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 1.0 else f"{value:#.3g}".rstrip(".")
