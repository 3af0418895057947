"""A device's clock against the gateway's, from the moments at which what it stamped arrived.

A frame arrives at ``offset + slope * device_time + delay``. The delay is never negative: queues and retries only ever
make a frame late. So the line lies *under* the arrivals, and the best estimate is their lower envelope (Moon, Skelly
and Towsley, "Estimation and removal of clock skew from network delay measurements", INFOCOM 1999). What the slope may
be is a mixture: most clocks agree within 100 ppm, some run 2 % off, and the arrivals say which kind this one is.
"""

import math
from typing import Final, Self, TypeAlias

Belief: TypeAlias = tuple[float, float, float]
"""How likely, mean and standard deviation of a skew."""

_CRYSTAL: Final = 100e-6
_COARSE: Final = 0.015
_ANY_CLOCK: Final[tuple[Belief, ...]] = ((0.5, 0.0, _CRYSTAL), (0.5, 0.0, _COARSE))
_SURE: Final = 0.9999
"""How likely the same clock still runs as it did."""
_MOST_SKEW: Final = 0.06
_SLOPE_DOUBT: Final = 3.0
"""Spread of the slope of an envelope, in mean heights above it over its length and the root of their number; tried."""
_WARMING: Final = 5e-6
"""What temperature does to a skew between two fits; none is known better than this."""

_FIRST_BIN_S: Final = 0.25
_LONGEST_BIN_S: Final = 8.0
_MOST_BINS: Final = 80
"""Bins grow as the line does: the first fits come after a second, in the end ten minutes are in sight: long enough to
see a few ppm through jitter, short enough to follow a crystal that warms up."""
_MEMORY_BINS: Final = 150
"""What is older says nothing of the slope now, however few arrivals there were since."""
_DELAY_PRIOR_S: Final = 0.03
"""Mean delay assumed before any was seen."""


class ArrivalLine:
    """The lower envelope of arrivals over device time, in the last ten minutes.

    Pure: what it says depends only on what it was told.

    Parameters
    ----------
    beliefs
        What is known of the skew beforehand.
    longest_bin_s
        What is remembered is some 40 to 80 times as long.
    """

    def __init__(self, beliefs: tuple[Belief, ...] = _ANY_CLOCK, longest_bin_s: float = _LONGEST_BIN_S) -> None:
        self._beliefs = beliefs
        self._longest_bin_s = longest_bin_s
        self._skew, self._skew_sd = _mixed([(p, mean, sd**2) for p, mean, sd in beliefs])
        self._origin: tuple[float, float] | None = None
        self._bins: list[tuple[float, float]] = []
        self._bin_s = _FIRST_BIN_S
        self._offset = math.inf
        self._delay_s = _DELAY_PRIOR_S
        self._n_seen = 0

    def anew(self) -> Self:
        """Return a line for the same clock, set anew: its offset is unknown, of its skew much is."""
        known = (_SURE, self._skew, max(self._skew_sd, 4 * _WARMING))
        return type(self)((known, (1 - _SURE, 0.0, _COARSE)), self._longest_bin_s)

    @property
    def began(self) -> bool:
        """Whether anything was observed."""
        return self._origin is not None

    @property
    def slope(self) -> float:
        """Gateway seconds per device second."""
        return 1.0 + self._skew

    def observe(self, device_s: float, arrival_s: float) -> None:
        """Take note that what happened at `device_s` on the device's clock arrived at `arrival_s`, s."""
        if self._origin is None:
            self._origin = (device_s, arrival_s)
        x = device_s - self._origin[0]
        late = arrival_s - self._origin[1] - x
        self._keep_lowest(x, late)
        over_s = late - self._skew * x
        self._offset = min(self._offset, over_s)
        self._n_seen += 1
        weight = max(1 / (self._n_seen + 3), 0.01)
        self._delay_s += weight * (over_s - self._offset - self._delay_s)

    def at(self, device_s: float) -> float:
        """Gateway time of what happened at `device_s`, s. Needs one observation."""
        x = self._since_origin(device_s)
        return self._origin[1] + x + self._offset + self._skew * x  # type: ignore[index]

    def uncertainty_s(self, device_s: float) -> float:
        """One standard deviation of `at`, s, the constant part of the delay left out."""
        x = self._since_origin(device_s)
        centre = (self._bins[0][0] + self._bins[-1][0]) / 2
        n_window = min(self._n_seen, len(self._bins))
        return math.hypot(self._delay_s / n_window**0.75, self._skew_sd * (x - centre))

    def _since_origin(self, device_s: float) -> float:
        if self._origin is None:
            raise RuntimeError("nothing was observed")
        return device_s - self._origin[0]

    def _keep_lowest(self, x: float, late: float) -> None:
        bins = self._bins
        if not bins or x // self._bin_s != bins[-1][0] // self._bin_s:
            self._make_room(x)
            if len(bins) > 2:  # noqa: PLR2004 - two points lie on any line
                self._fit()
            bins.append((x, late))
        elif late - self._skew * x < bins[-1][1] - self._skew * bins[-1][0]:
            bins[-1] = (x, late)

    def _make_room(self, x: float) -> None:
        """Forget the oldest bins, or make all of them twice as long."""
        bins = self._bins
        while bins and x - bins[0][0] > _MEMORY_BINS * self._longest_bin_s:
            del bins[0]
        if len(bins) < _MOST_BINS:
            return
        if self._bin_s >= self._longest_bin_s:
            del bins[0]
            return
        self._bin_s *= 2
        lowest: dict[float, tuple[float, float]] = {}
        for point in bins:
            kept = lowest.setdefault(point[0] // self._bin_s, point)
            if point[1] - self._skew * point[0] < kept[1] - self._skew * kept[0]:
                lowest[point[0] // self._bin_s] = point
        bins[:] = lowest.values()

    def _fit(self) -> None:
        """Draw the line again under the lowest arrival of each finished bin."""
        bins = self._bins
        span_s = bins[-1][0] - bins[0][0]
        seen = _supporting_slope(bins)
        overs_s = [late - seen * x for x, late in bins]
        excess_s = sum(overs_s) / len(bins) - min(overs_s)
        seen_sd = _SLOPE_DOUBT * (excess_s + 1e-5) / span_s / math.sqrt(len(bins))
        skew, skew_sd = _mixed([_updated(belief, seen, seen_sd**2) for belief in self._beliefs])
        self._skew, self._skew_sd = max(-_MOST_SKEW, min(_MOST_SKEW, skew)), max(skew_sd, _WARMING)
        self._offset = min(late - self._skew * x for x, late in bins)


def _updated(belief: Belief, seen: float, seen_var: float) -> tuple[float, float, float]:
    """Weight, mean and variance of a belief once `seen` was seen."""
    likely, mean, sd = belief
    total = sd**2 + seen_var
    likely *= math.exp(-min((seen - mean) ** 2 / total, 1000.0) / 2) / math.sqrt(total)
    trust = sd**2 / total
    return likely, mean + trust * (seen - mean), trust * seen_var


def _mixed(parts: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Mean and standard deviation of a mixture of (weight, mean, variance)."""
    total = sum(weight for weight, _, _ in parts)
    mean = sum(weight * part for weight, part, _ in parts) / total
    variance = sum(weight * (spread + (part - mean) ** 2) for weight, part, spread in parts) / total
    return mean, math.sqrt(variance)


def _supporting_slope(points: list[tuple[float, float]]) -> float:
    """Slope of the line with all points above it and the least sum of heights; `points` are in order of x.

    It is the edge of the lower hull that lies below the centre.
    """
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    centre = sum(x for x, _ in points) / len(points)
    right = next(i for i in range(1, len(hull)) if hull[i][0] >= centre)
    (x0, y0), (x1, y1) = hull[right - 1], hull[right]
    return (y1 - y0) / (x1 - x0)


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])
