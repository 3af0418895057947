"""When samples were taken, on the gateway's clock, from the device's time stamps and the moments of arrival.

A frame arrives at ``offset + slope * device_time + delay``. The delay is never negative: queues and retries
only ever make a frame late. So the line lies *under* the arrivals, and the best estimate is their lower
envelope (Moon, Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements",
INFOCOM 1999), with a prior that crystals agree within some 200 ppm.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

_NS: Final = 1e-9

_SKEW_PRIOR: Final = 200e-6
"""Standard deviation of the skew between two crystals; a larger one is believed where it is clearly seen."""
_BIN_S: Final = 5.0
_WINDOW_BINS: Final = 120
"""Ten minutes: long enough to see a few ppm through jitter, short enough to follow a crystal that warms
up."""
_DELAY_PRIOR_S: Final = 0.02
"""Mean delay assumed before any was seen."""

_RATE_MEMORY_S: Final = 600.0
_RATE_TOLERANCE: Final = 0.05
"""How far a device's true rate may lie from its nominal one."""
_SAME_SAMPLES: Final = 1.5
"""Fewer samples than this too many or too few are the jitter of time stamps: radios lose whole frames."""

_EARLY_S: Final = 1.0
"""A frame that arrives this long before its samples were taken tells of a device clock that jumped ahead."""
_LATE_S: Final = 30.0
"""No queue holds a frame this long; the device's clock was set back."""
_SKEW_LIMIT: Final = 0.02
"""What elapsed time is trusted to, in the two checks above."""


class ArrivalLine:
    """The lower envelope of arrivals over device time, in the last ten minutes.

    Pure: what it says depends only on what it was told.
    """

    def __init__(self) -> None:
        self._origin: tuple[float, float] | None = None
        self._bins: deque[tuple[float, float]] = deque(maxlen=_WINDOW_BINS)
        self._skew = 0.0
        self._skew_sd = _SKEW_PRIOR
        self._offset = math.inf
        self._delay_s = _DELAY_PRIOR_S
        self._n_seen = 0

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
        self._offset = min(self._offset, late - self._skew * x)
        self._n_seen += 1
        weight = max(1 / (self._n_seen + 3), 0.01)
        self._delay_s += weight * (late - self._skew * x - self._offset - self._delay_s)

    def at(self, device_s: float) -> float:
        """Gateway time of what happened at `device_s`, s. Needs one observation."""
        x = self._since_origin(device_s)
        return self._arrival_origin + x + self._offset + self._skew * x

    def uncertainty_s(self, device_s: float) -> float:
        """One standard deviation of `at`, s, the constant part of the delay left out."""
        centre = sum(x for x, _ in self._bins) / len(self._bins)
        n_window = min(self._n_seen, 2 * len(self._bins))
        return math.hypot(self._delay_s / math.sqrt(n_window), self._skew_sd * (self._since_origin(device_s) - centre))

    @property
    def _arrival_origin(self) -> float:
        if self._origin is None:
            raise RuntimeError("nothing was observed")
        return self._origin[1]

    def _since_origin(self, device_s: float) -> float:
        if self._origin is None:
            raise RuntimeError("nothing was observed")
        return device_s - self._origin[0]

    def _keep_lowest(self, x: float, late: float) -> None:
        if not self._bins or x // _BIN_S != self._bins[-1][0] // _BIN_S:
            self._fit()
            self._bins.append((x, late))
        elif late - self._skew * x < self._bins[-1][1] - self._skew * self._bins[-1][0]:
            self._bins[-1] = (x, late)

    def _fit(self) -> None:
        """Draw the line again under the lowest arrival of each finished bin."""
        if len(self._bins) < 3:  # noqa: PLR2004 - two points lie on any line
            return
        seen = _supporting_slope(list(self._bins))
        lowest = min(late - seen * x for x, late in self._bins)
        excess_s = sum(late - seen * x - lowest for x, late in self._bins) / len(self._bins)
        span_s = self._bins[-1][0] - self._bins[0][0]
        seen_sd = 2 * (excess_s + 1e-6) / span_s
        prior_sd = max(_SKEW_PRIOR, abs(seen) - 3 * seen_sd)
        trust = prior_sd**2 / (prior_sd**2 + seen_sd**2)
        self._skew = trust * seen
        self._skew_sd = math.sqrt(trust) * seen_sd
        self._offset = min(late - self._skew * x for x, late in self._bins)


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


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the stream and in time.

    Parameters
    ----------
    start_s
        Estimated time of its first sample, s since the Unix epoch on the gateway's clock.
    period_s
        Estimated sample period, gateway seconds.
    uncertainty_s
        One standard deviation of ``start_s``.
    n_lost
        Samples missing before it.
    device_reset
        Whether the device's clock began anew or jumped: ``n_lost`` is then at least 1, estimated from
        arrivals.
    """

    start_s: float
    period_s: float
    uncertainty_s: float
    n_lost: int
    device_reset: bool


class SampleClock:
    """Places the frames of one device, in the order they arrive. Pure.

    Parameters
    ----------
    rate_hz
        Nominal sample rate; the true one is learned from the time stamps.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_hz = rate_hz
        self._line = ArrivalLine()
        self._last: tuple[int, float] | None = None
        self._last_samples = 1
        self._known_samples = 0.0
        self._known_s = 0.0

    @property
    def rate_hz(self) -> float:
        """Samples per second of the device's own clock, as far as it is known."""
        return self._known_samples / self._known_s if self._known_s else self._nominal_hz

    def place(self, timestamp_ns: int, n_samples: int, arrival_s: float) -> Placement | None:
        """Place the next frame.

        Parameters
        ----------
        timestamp_ns
            Time of its last sample on the device's clock, ns since any epoch.
        n_samples
            Samples in it, at least 1.
        arrival_s
            When it arrived, s since the Unix epoch.

        Returns
        -------
        Placement or None
            None where the time stamp is that of the frame before: the same frame, twice.
        """
        n_lost, reset = 0, False
        if self._last is not None:
            last_ns = self._last[0]
            if timestamp_ns == last_ns:
                return None
            elapsed_s = (timestamp_ns - last_ns) * _NS
            reset = self._jumped(timestamp_ns, elapsed_s, arrival_s, n_samples)
            if reset:
                missed_s = arrival_s - self._line.at(last_ns * _NS)
                n_lost = max(1, round(missed_s * self.rate_hz / self._line.slope) - n_samples)
                self._line = ArrivalLine()
            else:
                n_lost = self._count_lost(elapsed_s, n_samples)
        self._last, self._last_samples = (timestamp_ns, arrival_s), n_samples
        device_s = timestamp_ns * _NS
        self._line.observe(device_s, arrival_s)
        period_s = self._line.slope / self.rate_hz
        return Placement(
            start_s=self._line.at(device_s) - (n_samples - 1) * period_s,
            period_s=period_s,
            uncertainty_s=self._line.uncertainty_s(device_s),
            n_lost=n_lost,
            device_reset=reset,
        )

    def _jumped(self, timestamp_ns: int, elapsed_s: float, arrival_s: float, n_samples: int) -> bool:
        """Whether the time stamp cannot belong to the clock that stamped the frame before."""
        if self._last is None or elapsed_s * self.rate_hz < n_samples / 2:
            return True
        early_s = self._line.at(timestamp_ns * _NS) - arrival_s
        slack_s = _SKEW_LIMIT * abs(arrival_s - self._last[1])
        return not -_LATE_S - slack_s < early_s < _EARLY_S + slack_s

    def _count_lost(self, elapsed_s: float, n_samples: int) -> int:
        if not self._known_s:
            return self._count_lost_at_first(elapsed_s, n_samples)
        missing = elapsed_s * self.rate_hz - n_samples
        if abs(missing) < _SAME_SAMPLES:
            self._learn(elapsed_s, n_samples)
            return 0
        return max(0, round(missing))

    def _count_lost_at_first(self, elapsed_s: float, n_samples: int) -> int:
        """Count before the true rate is known: as many frames like the one before as come nearest."""
        missing = elapsed_s * self._nominal_hz - n_samples
        n_frames = max(0, round(missing / self._last_samples))
        if n_frames == 0 and abs(missing) < _RATE_TOLERANCE * n_samples:
            self._learn(elapsed_s, n_samples)
        return n_frames * self._last_samples

    def _learn(self, elapsed_s: float, n_samples: int) -> None:
        keep = math.exp(-elapsed_s / _RATE_MEMORY_S)
        self._known_samples = keep * self._known_samples + n_samples
        self._known_s = keep * self._known_s + elapsed_s
