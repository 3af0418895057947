"""Small things to be known of a stream: its rate, the size of its frames, its count, what in it is old."""

import math
from typing import Final

from ble_gateway.wearables.wearable import Counted

_RATE_TOLERANCE: Final = 0.05
"""How far a device's true rate may lie from its nominal one."""
_RATE_DOUBT: Final = 0.02
"""How far it usually lies, at the most."""
_RATE_DRIFT: Final = 2e-6
"""What a learned rate is trusted to, beyond the resolution of the time stamps."""
_RATE_MEMORY_S: Final = 600.0
_SAME_SAMPLES: Final = 1.5
"""Fewer samples than this too many or too few are the jitter of time stamps: radios lose whole frames."""
_STALE_S: Final = 5.0
"""A frame from before is no older than this, or the device's clock was set back."""


class Rate:
    """Samples per second of a device's time stamps, learned.

    Parameters
    ----------
    nominal_hz
        What it should be; it counts for as long as the resolution of the stamps says less.
    resolution_ns
        Step of the time stamps.
    """

    def __init__(self, nominal_hz: float, resolution_ns: int) -> None:
        self._resolution_s = max(resolution_ns, 1) * 1e-9
        self._s = self._resolution_s / _RATE_DOUBT
        self._samples = self._s * nominal_hz
        self._lowest_hz, self._highest_hz = nominal_hz / (1 + _RATE_TOLERANCE), nominal_hz * (1 + _RATE_TOLERANCE)
        self.known = False
        self.hz = nominal_hz

    def learn(self, n_samples: int, elapsed_s: float) -> None:
        """Take note that so many samples were taken in that time."""
        keep = math.exp(-elapsed_s / _RATE_MEMORY_S)
        self._samples = keep * self._samples + n_samples
        self._s = keep * self._s + elapsed_s
        self.known = True
        self.hz = min(max(self._samples / self._s, self._lowest_hz), self._highest_hz)

    def is_nothing(self, missing: float, n_samples: int) -> bool:
        """Whether so many samples too few beside a frame of `n_samples` are none at all."""
        slack = _SAME_SAMPLES if self.known else _RATE_TOLERANCE * n_samples
        return abs(missing) < min(max(0.5, slack), max(0.5, n_samples / 2))

    def doubt_samples(self, elapsed_s: float) -> float:
        """Standard deviation of the number of samples that should have been taken in that time."""
        if not self.known:
            return self.hz * elapsed_s * _RATE_DOUBT
        return self.hz * (self._resolution_s + elapsed_s * (self._resolution_s / self._s + _RATE_DRIFT))


class FrameSize:
    """How many samples the newest frame has, and whether all had as many."""

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.constant = True

    def see(self, n_samples: int) -> None:
        """Take note of the next frame."""
        self.constant &= n_samples == self.n_samples
        self.n_samples = n_samples


class OldFrames:
    """Tells a frame from before from a clock that was set back: there the next one goes on."""

    def __init__(self) -> None:
        self._next_back_s: float | None = None

    def is_one(self, back_s: float, duration_s: float, late_s: float) -> bool:
        """Whether a frame that ends `back_s` before the newest, and arrived `late_s` after that, is an old one."""
        goes_on = self._next_back_s is not None and abs(back_s - self._next_back_s) < duration_s / 2
        self._next_back_s = back_s - duration_s
        return 0 <= back_s <= _STALE_S and late_s <= _STALE_S and not goes_on

    def forget(self) -> None:
        """Take note of a new frame."""
        self._next_back_s = None


class Count:
    """The count of a device's samples, which comes round."""

    def __init__(self, position: Counted, n_samples: int) -> None:
        self.modulus = position.modulus
        self._epoch = position.epoch
        self._end = (position.first + n_samples) % position.modulus
        self._n_since = n_samples

    def has(self, position: Counted) -> bool:
        """Whether a position is of this count."""
        return position.modulus == self.modulus and position.epoch == self._epoch

    def skipped(self, position: Counted) -> int:
        """How many samples lie between the newest frame and this one, whole rounds left out."""
        return (position.first - self._end) % self.modulus

    def take(self, position: Counted, n_samples: int, n_lost: int, *, anew: bool) -> None:
        """Take note of the next frame."""
        self._end = (position.first + n_samples) % self.modulus
        self._n_since = n_samples + (0 if anew else self._n_since + n_lost)

    def n_before(self, position: Counted, n_samples: int) -> int | None:
        """How many samples before the end of the newest frame these begin; None where they were not counted.

        What is nearer the other way round lies ahead.
        """
        back = (self._end - position.first) % self.modulus
        known = min(self._n_since, self.modulus // 2)
        return back if self.has(position) and n_samples <= back <= known else None
