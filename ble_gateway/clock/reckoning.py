"""What a device says of a frame's place in the stream, made into device time and a number of lost samples.

One class for each kind of `Position`. They look at the `ArrivalLine` only where the device leaves something open.
"""

import math
from typing import Final

from ble_gateway.clock.arrival_line import ArrivalLine
from ble_gateway.clock.step import Frame, Reckoned, Reckoner, Stale, Step
from ble_gateway.clock.tallies import Count, FrameSize, OldFrames, Rate
from ble_gateway.wearables.wearable import Counted, Position, Timed, Unplaced

_NS: Final = 1e-9

_SAME_SAMPLES: Final = 1.5
_RATE_TOLERANCE: Final = 0.05
"""Within these a count and a time stamp agree."""
_DOUBT_SAMPLES: Final = 0.25
"""With more doubt than this, what was lost is counted in frames: radios lose whole ones."""
_ANY_RESOLUTION_NS: Final = 1_000_000

_EARLY_S: Final = 1.0
"""A frame that arrives this long before its samples were taken tells of a device clock that jumped ahead."""
_LINE_LATE_S: Final = 5.0
"""So late may all frames have been that a line was drawn by."""
_LATE_S: Final = 30.0
"""No queue holds a frame this long; the device's clock was set back."""
_LATE_BROKEN_S: Final = 5.0
"""Nor do queues outlive a broken link for longer than this."""
_SAME_S: Final = 1e-6
_CERTAIN_S: Final = 30.0
"""A count that takes longer than this to come round says all by itself."""
_SILENT_SHARE: Final = 0.9
_BELOW: Final = 0.25
"""Share of a unit by which lateness may fall short of a whole number of them; it may exceed it by the rest, for what
is late seems more than it is, and what was not counted now still can be later."""


def reckoner(position: Position, n_samples: int, nominal_hz: float) -> Reckoner:
    """Begin with a first frame of this kind."""
    match position:
        case Timed():
            return _ByTime(position, n_samples, nominal_hz)
        case Counted(last_ns=None):
            return _ByCount(position, n_samples, nominal_hz)
        case Counted():
            return _ByCountAndTime(position, n_samples, nominal_hz)
        case Unplaced():
            return _ByArrival(n_samples, nominal_hz)


def _off_the_line(
    device_s: float, frame: Frame, line: ArrivalLine, missing_s: float, most_early_s: float = _EARLY_S
) -> bool:
    """Whether what arrived cannot have happened then on the clock of that line, `missing_s` after the frame before.

    A clock that jumped ahead makes a frame early and seem to miss as much. One that is early but misses nothing tells
    that the frames before were late.
    """
    slack_s = 4 * line.uncertainty_s(device_s)
    early_s = line.at(device_s) - frame.arrival_s
    most_late_s = _LATE_BROKEN_S if frame.broken else _LATE_S
    if early_s < -most_late_s - slack_s or early_s > _LINE_LATE_S + slack_s:
        return True
    return min(early_s - slack_s, missing_s) > most_early_s


class _Reckoner:
    """What holds where nothing is counted and nothing is lost unseen."""

    device_s: float
    rate_hz: float

    @property
    def unit_samples(self) -> int:
        return 0

    def add_lost(self, n_samples: int) -> None:
        self.device_s += n_samples / self.rate_hz

    def before(self, position: Counted, n_samples: int) -> tuple[int, float] | None:  # noqa: ARG002
        return None


class _ByTime(_Reckoner):
    """Time stamps: what is missing is time."""

    def __init__(self, position: Timed, n_samples: int, nominal_hz: float) -> None:
        self._rate = Rate(nominal_hz, position.resolution_ns)
        self.rate_hz = nominal_hz
        self._size = FrameSize(n_samples)
        self._old = OldFrames()
        self._last_ns = position.last_ns
        self.device_s = position.last_ns * _NS

    def step(self, frame: Frame, line: ArrivalLine) -> Reckoned:
        position, n_samples, arrival_s = frame.position, frame.n_samples, frame.arrival_s
        if not isinstance(position, Timed):
            return None
        device_s = position.last_ns * _NS
        elapsed_s = (position.last_ns - self._last_ns) * _NS
        n_lost, reset = 0, _off_the_line(device_s, frame, line, elapsed_s - n_samples / self.rate_hz)
        if elapsed_s * self.rate_hz < n_samples / 2:
            if self._old.is_one(-elapsed_s, n_samples / self.rate_hz, arrival_s - line.at(device_s)):
                return Stale.LATE if elapsed_s else Stale.REPEATED
            reset = True
        elif not reset:
            n_lost = self._lost(elapsed_s, n_samples)
        self._old.forget()
        self._size.see(n_samples)
        self._last_ns, self.device_s, self.rate_hz = position.last_ns, device_s, self._rate.hz
        return Step(device_s, n_lost, reset=reset)

    def _lost(self, elapsed_s: float, n_samples: int) -> int:
        missing = elapsed_s * self.rate_hz - n_samples
        if self._rate.is_nothing(missing, n_samples):
            self._rate.learn(n_samples, elapsed_s)
            return 0
        doubt = self._rate.doubt_samples(elapsed_s)
        n_lost = max(0, round(missing))
        if doubt > _DOUBT_SAMPLES:
            n_frames = max(0, round(missing / self._size.n_samples)) * self._size.n_samples
            if not self._rate.known or (self._size.constant and abs(missing - n_frames) < 4 * doubt):
                n_lost = n_frames
        if doubt < max(1.0, self._size.n_samples / 4):
            self._rate.learn(n_samples + n_lost, elapsed_s)
        return n_lost


class _ByCount(_Reckoner):
    """A count of samples; where a loss may have gone right round it, arrivals say how often."""

    def __init__(self, position: Counted, n_samples: int, nominal_hz: float) -> None:
        self.rate_hz = nominal_hz
        self._count = Count(position, n_samples)
        self._old = OldFrames()
        self._round_s = position.modulus / nominal_hz
        self._heard_s = math.inf
        self.device_s = n_samples / nominal_hz

    @property
    def unit_samples(self) -> int:
        return self._count.modulus if self._round_s < _CERTAIN_S else 0

    def step(self, frame: Frame, line: ArrivalLine) -> Reckoned:
        position, n_samples, arrival_s = frame.position, frame.n_samples, frame.arrival_s
        if not isinstance(position, Counted) or position.last_ns is not None or not self._count.has(position):
            return None
        n_lost = self._count.skipped(position)
        missing_s = n_lost / self.rate_hz
        device_s = self.device_s + missing_s + n_samples / self.rate_hz
        n_rounds = 0
        # So long a silence with samples missing after it may hide whole rounds; a stall alone misses none.
        hides_rounds = n_lost > 0 and arrival_s - self._heard_s > _SILENT_SHARE * self._round_s
        self._heard_s = arrival_s
        if frame.broken or hides_rounds:
            late_s = (arrival_s - line.at(device_s)) / line.slope
            n_rounds = max(0, math.floor(late_s / self._round_s + _BELOW))
            n_lost += n_rounds * self._count.modulus
            device_s += n_rounds * self._round_s
        reset = _off_the_line(device_s, frame, line, missing_s, min(_EARLY_S, self._round_s / 4))
        if reset:
            back_s = self._round_s - missing_s - n_samples / self.rate_hz
            late_s = arrival_s - line.at(self.device_s - back_s)
            if self._old.is_one(back_s, n_samples / self.rate_hz, late_s):
                return Stale.LATE if back_s > _SAME_S else Stale.REPEATED
        self._old.forget()
        self._count.take(position, n_samples, n_lost, anew=reset)
        self.device_s = device_s
        adrift = frame.broken and self._round_s < _CERTAIN_S
        return Step(device_s, n_lost, reset=reset, estimated=n_rounds > 0, adrift=adrift)

    def before(self, position: Counted, n_samples: int) -> tuple[int, float] | None:
        n_before = self._count.n_before(position, n_samples) if self._round_s >= _CERTAIN_S else None
        return None if n_before is None else (n_before, self.device_s - (n_before - 1) / self.rate_hz)


class _ByCountAndTime(_Reckoner):
    """A count of samples and time stamps: the count says what is missing, the stamps when it was."""

    def __init__(self, position: Counted, n_samples: int, nominal_hz: float) -> None:
        self._rate = Rate(nominal_hz, _ANY_RESOLUTION_NS)
        self.rate_hz = nominal_hz
        self._count = Count(position, n_samples)
        self._old = OldFrames()
        self._round_s = position.modulus / nominal_hz
        self._last_ns = position.last_ns or 0
        self.device_s = self._last_ns * _NS

    def step(self, frame: Frame, line: ArrivalLine) -> Reckoned:
        position, n_samples, arrival_s = frame.position, frame.n_samples, frame.arrival_s
        if not isinstance(position, Counted) or position.last_ns is None or not self._count.has(position):
            return None
        device_s = position.last_ns * _NS
        elapsed_s = (position.last_ns - self._last_ns) * _NS
        reset = _off_the_line(device_s, frame, line, elapsed_s - n_samples / self.rate_hz)
        if elapsed_s * self.rate_hz < n_samples / 2:
            if self._old.is_one(-elapsed_s, n_samples / self.rate_hz, arrival_s - line.at(device_s)):
                return Stale.LATE if elapsed_s else Stale.REPEATED
            reset = True
        missing = elapsed_s * self.rate_hz - n_samples
        n_lost = self._lost(position, missing)
        unexplained = missing - n_lost
        slack = _SAME_SAMPLES + _RATE_TOLERANCE * abs(elapsed_s) * self.rate_hz
        reset = reset or unexplained < -slack
        if not reset and abs(unexplained) < slack:
            self._rate.learn(n_samples + n_lost, elapsed_s)
        self._old.forget()
        self._count.take(position, n_samples, n_lost, anew=reset)
        self._last_ns, self.device_s, self.rate_hz = position.last_ns, device_s, self._rate.hz
        return Step(device_s, n_lost, reset=reset, leaps=unexplained > slack)

    def before(self, position: Counted, n_samples: int) -> tuple[int, float] | None:
        n_before = self._count.n_before(position, n_samples) if self._round_s >= _CERTAIN_S else None
        if n_before is None:
            return None
        first_s = self.device_s - (n_before - 1) / self.rate_hz
        if position.last_ns is not None and position.last_ns <= self._last_ns:
            first_s = position.last_ns * _NS - (n_samples - 1) / self.rate_hz
        return n_before, first_s

    def _lost(self, position: Counted, missing: float) -> int:
        """Count what is missing; the time stamps say how often the count came round."""
        skipped = self._count.skipped(position)
        if skipped == 0 and self._round_s >= _CERTAIN_S:
            return 0
        n_rounds = max(0, round((missing - skipped) / self._count.modulus))
        return skipped + n_rounds * self._count.modulus


class _ByArrival(_Reckoner):
    """Nothing: what is missing shows as time in which nothing came."""

    def __init__(self, n_samples: int, nominal_hz: float) -> None:
        self.rate_hz = nominal_hz
        self._size = FrameSize(n_samples)
        self.device_s = n_samples / nominal_hz

    @property
    def unit_samples(self) -> int:
        return self._size.n_samples if self._size.constant else 1

    def step(self, frame: Frame, line: ArrivalLine) -> Reckoned:
        position, n_samples, arrival_s = frame.position, frame.n_samples, frame.arrival_s
        if not isinstance(position, Unplaced):
            return None
        self._size.see(n_samples)
        n_lost = 0
        if frame.broken:
            late_s = (arrival_s - line.at(self.device_s + n_samples / self.rate_hz)) / line.slope
            unit = self.unit_samples
            n_lost = unit * max(1, math.floor(late_s * self.rate_hz / unit + _BELOW))
        self.device_s += (n_lost + n_samples) / self.rate_hz
        early_s = line.at(self.device_s) - arrival_s
        reset = not frame.broken and early_s > _LINE_LATE_S + 4 * line.uncertainty_s(self.device_s)
        return Step(self.device_s, n_lost, reset=reset, estimated=frame.broken, adrift=frame.broken)

    def n_before(self, position: Counted, n_samples: int) -> int | None:  # noqa: ARG002
        return None
