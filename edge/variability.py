"""Which intervals between beats are normal, and how much those vary.

The figures are those of the Task Force of the European Society of Cardiology and the North American Society of Pacing
and Electrophysiology, "Heart rate variability: standards of measurement, physiological interpretation, and clinical
use", Circulation 93:1043 (1996), table 1. They are defined on intervals between normal beats: an interval outside 0.3
to 2.0 s is no heart's, and one that lies more than 20 % off the median of the five around it is taken to be ectopic or
to hide a missed beat.
"""

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

PLAUSIBLE_S: Final = (0.3, 2.0)
"""Shortest and longest interval between two beats of the sinus node, s."""
NEIGHBOURS: Final = 5
"""Intervals whose median is the usual one; with fewer in all nothing can be told."""
MOST_LEFT_OUT: Final = 0.2
"""Of the intervals, or of the time: with more left out, what remains is not the rhythm."""
_JUMP: Final = 0.2


def normal_intervals(rr_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which intervals in a row lie between normal beats.

    Parameters
    ----------
    rr_s
        ``NDArray[float64]``, shape (n_intervals,), s.

    Returns
    -------
    NDArray[np.bool_]
        Shape (n_intervals,).
    """
    rr, (low_s, high_s) = rr_s.tolist(), PLAUSIBLE_S
    each = zip(rr, _usual_s(rr), strict=True)
    return np.array([low_s <= r <= high_s and abs(r - usual) <= _JUMP * usual for r, usual in each], np.bool_)


def _usual_s(rr: list[float]) -> list[float]:
    """Median of the five around each: `scipy.ndimage.median_filter`, which for a dozen takes three times as long."""
    # Mirrored about the first and last interval, neither of which then counts twice.
    beside = [*rr[2:0:-1], *rr, *rr[-2:-4:-1]]
    return [sorted(beside[i : i + NEIGHBOURS])[2] for i in range(len(rr))]


def normal_steps_s(rr_s: NDArray[np.float64], normal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Differences of normal intervals that follow each other, s; none spans one that is left out."""
    return (rr_s[1:] - rr_s[:-1])[normal[1:] & normal[:-1]]


def too_few_left(rr_s: NDArray[np.float64], normal: NDArray[np.bool_]) -> bool:
    """Whether more than `MOST_LEFT_OUT` of the intervals, or of their time, are not normal."""
    left_out = rr_s.size - int(np.count_nonzero(normal)) > MOST_LEFT_OUT * rr_s.size
    return left_out or float(rr_s[normal].sum()) < (1 - MOST_LEFT_OUT) * float(rr_s.sum())


def sdnn_s(rr_s: NDArray[np.float64]) -> float:
    """Give the standard deviation (of a sample: n - 1) of normal intervals, s; two at least."""
    apart_s = rr_s - rr_s.sum() / rr_s.size
    return sqrt((apart_s * apart_s).sum() / (rr_s.size - 1))


def rmssd_s(steps_s: NDArray[np.float64]) -> float:
    """Give the root of the mean squared difference of intervals that follow each other, s; one at least."""
    return sqrt((steps_s * steps_s).sum() / steps_s.size)
