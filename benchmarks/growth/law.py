"""By which law a cost grows: a line, an exponent with its interval, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

TOLERANCE: Final = 0.1
"""An exponent this near to 0 is constant, and this near to 1 linear: what doubles the size costs 7 % more than that."""
_LATE: Final = 3
"""So many of the largest sizes tell how it goes on: a fixed cost hides a law from the small ones."""
_RESAMPLES: Final = 2000
_TAILS: Final = (2.5, 97.5)


class Verdict(StrEnum):
    """How a cost grows."""

    CONSTANT = "constant"
    LINEAR_OR_BETTER = "linear or better"
    WORSE = "worse than linear"
    UNDECIDED = "not decided"
    """The interval reaches over the limit: measure more rounds."""


@dataclass(frozen=True, slots=True)
class Exponent:
    """Slope of a cost against size, both logarithmic, with its bootstrap interval, 95 %.

    Parameters
    ----------
    value
        0 where the cost is constant, 1 where it is proportional to the size.
    low, high
        Ends of the interval: how far it moves with the rounds. It says nothing of other machines.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (f"{round(number, 2) + 0.0:.2f}" for number in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Law:
    """How a cost grows with a size.

    Parameters
    ----------
    fixed, each
        The line ``fixed + each * size``, neither below 0, by least squares of the relative error; in the cost's unit.
    exponent
        Over all sizes.
    late
        Over the three largest.
    """

    fixed: float
    each: float
    exponent: Exponent
    late: Exponent

    @property
    def verdict(self) -> Verdict:
        """What the intervals say."""
        exponents = self.exponent, self.late
        if any(one.low > 1 + TOLERANCE for one in exponents):
            return Verdict.WORSE
        if any(one.high > 1 + TOLERANCE for one in exponents):
            return Verdict.UNDECIDED
        if all(one.high <= TOLERANCE for one in exponents):
            return Verdict.CONSTANT
        return Verdict.LINEAR_OR_BETTER

    def at(self, size: float) -> float:
        """Cost of a size by the line."""
        return self.fixed + self.each * size


def fit(sizes: Sequence[float], rounds: NDArray[np.float64], *, seed: int = 0) -> Law:
    """Fit a law to what was measured.

    Parameters
    ----------
    sizes
        Two or more, ascending, above 0.
    rounds
        ``NDArray[float64]``, shape (n_rounds, n_sizes): costs, above 0. For the interval each size's rounds are
        resampled by themselves.
    seed
        Of the resampling.

    Raises
    ------
    ValueError
        If the shapes do not fit, or something is not above 0.
    """
    n = np.asarray(sizes, np.float64)
    if n.size < 2 or rounds.ndim != 2 or rounds.shape[1] != n.size:  # noqa: PLR2004 - a line needs two points
        raise ValueError(f"{n.size} sizes and costs of shape {rounds.shape}")
    if not ((np.diff(n) > 0).all() and n[0] > 0 and np.isfinite(rounds).all() and (rounds > 0).all()):
        raise ValueError("sizes must ascend, and sizes and costs must be above 0")
    costs = np.median(rounds, axis=0)
    (fixed, each), _ = nnls(np.column_stack([1 / costs, n / costs]), np.ones(n.size))
    drawn = np.random.default_rng(seed).integers(len(rounds), size=(_RESAMPLES, *rounds.shape))
    resampled = np.median(np.take_along_axis(rounds[None], drawn, axis=1), axis=1)
    late = slice(max(0, n.size - _LATE), None)
    return Law(
        float(fixed), float(each), _exponent(n, costs, resampled), _exponent(n[late], costs[late], resampled[:, late])
    )


def _exponent(n: NDArray[np.float64], costs: NDArray[np.float64], resampled: NDArray[np.float64]) -> Exponent:
    low, high = np.percentile(_slopes(n, resampled), _TAILS).tolist()
    (value,) = _slopes(n, costs[None]).tolist()
    return Exponent(value, low, high)


def _slopes(n: NDArray[np.float64], costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes of the logarithms, shape (k,), of costs, shape (k, n_sizes)."""
    x = np.log(n) - np.log(n).mean()
    slopes: NDArray[np.float64] = np.log(costs) @ x / (x @ x)
    return slopes
