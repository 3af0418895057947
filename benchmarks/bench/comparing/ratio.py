"""The ratio of two measurements with its interval: processes are the units, and time between two results counts.

Within one process values hang together: same memory layout, same neighbours in the cache, same minute. So a process
gives one figure, its median, and what differs between processes makes the interval (T. Kalibera and R. Jones,
"Rigorous benchmarking in reasonable time", ISMM 2013). Figures are compared as logarithms, with Welch's t.

Processes of one result ran within a minute, and the other result was made at another time, when the machine may have
been busy with something else. The yardstick follows that, but not to the last per cent. What it leaves is a variance
of its own between results, which no number of processes makes smaller; `Drift` says how large it is taken.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance
from typing import Final

from scipy.special import stdtr, stdtrit

CONFIDENCE: Final = 0.95
"""Of every interval."""
_MANY: Final = 1e6
"""Degrees of freedom that are as good as any number more."""
_WEIGHT: Final = 2
_LARGEST_LOG: Final = 700.0
"""A float64 holds its exponential, and one over it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How far two results of the same thing lie apart although nothing has changed, as logarithms.

    Parameters
    ----------
    floor
        Standard deviation that one result has beyond that of its processes.
    usual
        Standard deviation that processes of one result have elsewhere. Two or three may agree by chance: it is taken
        into theirs with the weight of two processes more (as G. K. Smyth moderates variances, 2004). 0 leaves theirs.
    power
        Of the yardstick that a time is taken to follow, and is divided by: 1, or 0 for what is left as it is.
    doubt
        Standard deviation of that power: what the division leaves grows with how far the paces lie apart.
    likeness
        Correlation of the processes of one result, 0 to 1: they shared a minute, so that n of them say less than n
        independent ones (L. Kish's design effect, "Survey Sampling", 1965).
    """

    floor: float
    usual: float = 0.0
    power: float = 0.0
    doubt: float = 0.0
    likeness: float = 0.15


@dataclass(frozen=True, slots=True)
class Units:
    """One measurement, process by process.

    Parameters
    ----------
    figures
        Each process's median, above 0, shape (n_runs,).
    yardsticks
        The yardstick beside each, in the same order; empty where nothing of the kind was timed.
    beside
        Without yardsticks of its own: the logarithm of the one that was timed at about the same time.
    doubt
        Standard deviation that what went on around it adds to all its logarithms together.
    """

    figures: Sequence[float]
    yardsticks: Sequence[float] = ()
    beside: float = 0.0
    doubt: float = 0.0

    def logs(self, power: float) -> list[float]:
        """Logarithms of the figures, each over so much of its yardstick."""
        if not self.yardsticks:
            return [math.log(figure) for figure in self.figures]
        return [math.log(f) - power * math.log(y) for f, y in zip(self.figures, self.yardsticks, strict=True)]

    @property
    def pace(self) -> float:
        """Logarithm of the yardstick: the median, since one process may have been disturbed."""
        return median(map(math.log, self.yardsticks)) if self.yardsticks else self.beside


@dataclass(frozen=True, slots=True)
class Ratio:
    """The other over the base.

    Parameters
    ----------
    value
        Ratio of geometric means over the processes.
    low, high
        95 % interval; None where one of the two has one process only.
    p
        Probability of such a ratio or one farther from 1 where nothing differs; None like the interval.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def width(self) -> float:
        """Upper end of the interval over the lower one; 1 where there is none."""
        return self.high / self.low if self.low is not None and self.high is not None else 1.0


def ratio(base: Units, other: Units, drift: Drift, *, widening: float = 1.0) -> Ratio:
    """Compare two measurements.

    Parameters
    ----------
    base, other
        Of the same quantity under the same conditions.
    drift
        Between results.
    widening
        The standard error is multiplied by so much: above 1 where the machine was noisy.

    Returns
    -------
    Ratio
        Swapping the two inverts it.
    """
    a, b = base.logs(drift.power), other.logs(drift.power)
    difference = fmean(b) - fmean(a)
    if min(len(a), len(b)) == 1:
        return Ratio(_exp(difference))
    of_a, of_b = (_moderated(one, drift.usual) * (1.0 / len(one) + drift.likeness) for one in (a, b))
    between = 2.0 * drift.floor**2 + base.doubt**2 + other.doubt**2
    between += (drift.doubt * (other.pace - base.pace)) ** 2
    total = of_a + of_b + between
    if total == 0.0:
        return _exact(difference)
    sampled = of_a**2 / (len(a) - 1) + of_b**2 / (len(b) - 1)
    freedom = min(total**2 / sampled, _MANY) if sampled > 0.0 else _MANY
    error = widening * math.sqrt(total)
    margin = error * float(stdtrit(freedom, (1.0 + CONFIDENCE) / 2.0))
    return Ratio(
        value=_exp(difference),
        low=_exp(difference - margin),
        high=_exp(difference + margin),
        p=2.0 * float(stdtr(freedom, -abs(difference) / error)),
    )


def _moderated(logs: Sequence[float], usual: float) -> float:
    """Variance of processes, drawn towards what is usual."""
    if usual == 0.0:
        return variance(logs)
    own = len(logs) - 1
    return (own * variance(logs) + _WEIGHT * usual**2) / (own + _WEIGHT)


def _exp(logarithm: float) -> float:
    """The exponential, short of infinity."""
    return math.exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, logarithm)))


def _exact(difference: float) -> Ratio:
    """What never varies differs, or it does not."""
    value = _exp(difference)
    return Ratio(value, value, value, 1.0 if difference == 0.0 else 0.0)


def holm(p: Sequence[float]) -> list[float]:
    """Adjust probabilities for there being many (S. Holm, 1979): the chance of any false alarm among them stays.

    Parameters
    ----------
    p
        In any order, shape (n,).

    Returns
    -------
    list[float]
        Adjusted, in the same order, at most 1.
    """
    adjusted = [1.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = largest
    return adjusted
