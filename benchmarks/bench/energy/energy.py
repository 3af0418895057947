"""Energy over a stretch of time, how sure it is, and how it comes out of readings of power."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Final

import numpy as np

from benchmarks.bench.energy.errors import EnergyError, EnergyFault

_HALF_OF_A_BOX: Final = 1 / (2 * sqrt(3))
"""Standard deviation of what lies anywhere within a step of one: JCGM 100:2008 (the GUM), 4.3.7."""


@dataclass(frozen=True, slots=True)
class Energy:
    """What flowed between two moments.

    Parameters
    ----------
    joules
        How much.
    duration_s
        Between which moments.
    uncertainty_j
        Standard uncertainty of `joules` (one standard deviation, JCGM 100): resolution, readings that differ, moments
        that are not met exactly, and the meter's own accuracy where its maker states one.
    n_readings
        What it was made of.
    """

    joules: float
    duration_s: float
    uncertainty_j: float
    n_readings: int

    def __post_init__(self) -> None:
        if not (self.duration_s > 0 and self.uncertainty_j >= 0):
            raise ValueError(f"no energy is over {self.duration_s:g} s with an uncertainty of {self.uncertainty_j:g} J")

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.joules / self.duration_s

    @property
    def uncertainty_w(self) -> float:
        """Standard uncertainty of the mean power."""
        return self.uncertainty_j / self.duration_s

    def above(self, idle: "Energy") -> "Energy":
        """Take away what the machine would have drawn in that time had it been idle.

        The two uncertainties are added in squares, as if a meter erred anew each time: what it is wrong by always
        falls out of a difference in truth, so that this is rather too wide. Below 0 where the load cannot be told
        from idle.
        """
        scale = self.duration_s / idle.duration_s
        uncertainty_j = hypot(self.uncertainty_j, scale * idle.uncertainty_j)
        return Energy(self.joules - scale * idle.joules, self.duration_s, uncertainty_j, self.n_readings)

    def each(self, n: int) -> "Energy":
        """Give the share of one of `n` equal pieces of work, such as windows."""
        return Energy(self.joules / n, self.duration_s / n, self.uncertainty_j / n, self.n_readings)


@dataclass(frozen=True, slots=True)
class Reading:
    """Power at a moment.

    Parameters
    ----------
    time_s
        On one clock for all readings of a meter.
    watts
        Then.
    """

    time_s: float
    watts: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well a meter of power says what it sees.

    Parameters
    ----------
    resolution_w
        Step between two figures it can say; 0 where it is not known.
    share
        The most it may be off by, as its maker says, of what it says; 0 where nothing is stated.
    """

    resolution_w: float = 0.0
    share: float = 0.0


def integrate(readings: Sequence[Reading], begin_s: float, end_s: float, accuracy: Accuracy) -> Energy:
    """Integrate power over an interval, straight lines between readings (trapezoid rule).

    Parameters
    ----------
    readings
        In order of their times; those outside the interval are used only where it lies between two of them.
    begin_s, end_s
        The interval, on the readings' clock.
    accuracy
        Of each reading.

    Returns
    -------
    Energy
        Its uncertainty takes the readings for independent looks at a power that varies: standard deviation over the
        square root of their number, beside resolution and accuracy, which do not get less with more readings.

    Raises
    ------
    EnergyError
        If the readings do not reach over the interval, go back in time, or are fewer than two.
    """
    times_s = np.array([reading.time_s for reading in readings])
    watts = np.array([reading.watts for reading in readings])
    if times_s.size < 2:  # noqa: PLR2004 - a line has two ends
        raise EnergyError(
            EnergyFault.NOT_COVERED,
            f"the meter gave {times_s.size} readings in {end_s - begin_s:.3g} s",
            advice="measure for longer, or with a meter that reads more often",
        )
    if not (np.isfinite(times_s).all() and np.isfinite(watts).all() and (np.diff(times_s) > 0).all()):
        raise EnergyError(
            EnergyFault.NONSENSE, "readings are not finite or not in order of time", advice="sort them by time"
        )
    if begin_s < times_s[0] or end_s > times_s[-1]:
        raise EnergyError(
            EnergyFault.NOT_COVERED,
            f"readings begin {times_s[0] - begin_s:+.3f} s after and end {times_s[-1] - end_s:+.3f} s after "
            "what was measured",
            advice="let the meter read from before the beginning until after the end",
        )
    inside = (times_s > begin_s) & (times_s < end_s)
    ends_w = np.interp((begin_s, end_s), times_s, watts)
    at_s = np.concatenate(((begin_s,), times_s[inside], (end_s,)))
    at_w = np.concatenate((ends_w[:1], watts[inside], ends_w[1:]))
    joules = float(np.diff(at_s) @ (at_w[1:] + at_w[:-1])) / 2
    duration_s = end_s - begin_s
    varying = float(np.std(at_w, ddof=1)) / sqrt(at_w.size) * duration_s
    stepping = accuracy.resolution_w * _HALF_OF_A_BOX * duration_s
    erring = 2 * accuracy.share * _HALF_OF_A_BOX * abs(joules)
    return Energy(joules, duration_s, hypot(varying, stepping, erring), int(inside.sum()))
