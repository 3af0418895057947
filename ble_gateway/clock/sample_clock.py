"""Places the frames of one device in the stream and in time."""

import math
from dataclasses import dataclass
from typing import Final

from ble_gateway.clock.arrival_line import ArrivalLine
from ble_gateway.clock.reckoning import reckoner
from ble_gateway.clock.step import Frame, Reckoner, Stale, Step
from ble_gateway.wearables.wearable import Counted, Position, Unplaced

_SETTLE_S: Final = 1.0
"""How quickly sample times follow the arrival line where it was drawn again."""
_MOST_STRETCH: Final = 0.1
"""By how much samples may be stretched or squeezed for that, at the most."""
_MOST_BEHIND_S: Final = 2.0
"""Where the line lies further back than this after a gap, the gateway's own clock was set back."""

_LOSS_PATIENCE_S: Final = 2.0
_LOSS_SHARE: Final = 0.75
"""Arrivals that all stay late by this share of a frame, for that long, tell of a lost frame."""
_STAIRS_BIN_S: Final = 1.0
"""Where losses that were not seen are steps in the arrivals, they are soon forgotten."""
_FEWEST_FRAMES: Final = 4
_LEAST_LATE_S: Final = 0.03
_STUCK_PATIENCE_S: Final = 30.0
_STUCK_LATE_S: Final = 0.2
"""Arrivals that all stay late by this, for that long: the gateway's clock was set, or the device paused its own."""
_FALLEN_S: Final = 0.1
"""Arrivals below the line by this: what they were measured by was all late."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the stream and in time.

    Parameters
    ----------
    start_s
        Estimated time of its first sample, s since the Unix epoch on the gateway's clock.
    period_s
        Estimated sample period, gateway seconds; stretched or squeezed by at most 10 % where the times of the
        samples before turned out wrong. Without a gap, ``start_s`` is exactly one such period after the sample before.
    uncertainty_s
        One standard deviation of ``start_s``.
    n_lost
        Samples missing before it.
    device_reset
        Whether the device's clock or count began anew or jumped: ``n_lost`` is then at least 1, estimated from
        arrivals.
    estimated
        Whether ``n_lost`` was worked out from arrivals, wholly or in part; some of the loss may lie up to
        3 s earlier.
    """

    start_s: float
    period_s: float
    uncertainty_s: float
    n_lost: int
    device_reset: bool
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Recalled:
    """Where samples that the device sent again lie.

    Parameters
    ----------
    n_before
        How many samples before the end of the newest frame they begin.
    start_s, period_s, uncertainty_s
        As in `Placement`.
    """

    n_before: int
    start_s: float
    period_s: float
    uncertainty_s: float


class SampleClock:
    """Places the frames of one device, in the order they arrive. Pure.

    Parameters
    ----------
    rate_hz
        Nominal sample rate; the true one is learned.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_hz = rate_hz
        self._line = ArrivalLine()
        self._reckoner: Reckoner | None = None
        self._times = _Times()
        self._loss = _LateSpell(_LOSS_PATIENCE_S)
        self._stuck = _LateSpell(_STUCK_PATIENCE_S)
        self._n_unseen = 0

    @property
    def rate_hz(self) -> float:
        """Samples per second of the device's own clock, as far as it is known."""
        return self._reckoner.rate_hz if self._reckoner else self._nominal_hz

    def place(self, position: Position, n_samples: int, arrival_s: float, *, broken: bool = False) -> Placement | Stale:
        """Place the next frame.

        Parameters
        ----------
        position
            What the device says of it.
        n_samples
            Samples in it, at least 1.
        arrival_s
            When it arrived, s since the Unix epoch.
        broken
            Whether the link was down, or frames were dropped by the gateway, since the frame before.

        Returns
        -------
        Placement or Stale
            `Stale` for a frame that is no news; the clock is as if it had never come.
        """
        kept = self._reckoner
        if kept is None:
            return self._first(position, n_samples, arrival_s)
        end_s = kept.device_s
        step = kept.step(Frame(position, n_samples, arrival_s, broken), self._line)
        if isinstance(step, Stale):
            return step
        if step is None:
            self._reckoner = kept = reckoner(position, n_samples, self._nominal_hz)
            step = Step(kept.device_s, reset=True)
        n_lost = step.n_lost
        if step.reset:
            missed_s = (arrival_s - self._line.at(end_s)) / self._line.slope
            n_lost = max(1, round(missed_s * kept.rate_hz) - n_samples)
        estimated = step.estimated or step.reset or self._n_unseen > 0
        n_lost, self._n_unseen = n_lost + self._n_unseen, 0
        if step.reset or step.adrift or self._has_fallen(step.device_s, arrival_s):
            self._set_line_anew()
        suspected_s = self._watch(kept, n_samples, arrival_s)
        return self._placement(step, n_samples, n_lost, estimated=estimated, suspected_s=suspected_s)

    def recall(self, position: Counted, n_samples: int) -> Recalled | None:
        """Place samples that the device sends again; None where its count cannot say for certain which they are."""
        found = self._reckoner.before(position, n_samples) if self._reckoner else None
        if found is None:
            return None
        n_before, first_s = found
        start_s, uncertainty_s = self._line.at(first_s), self._line.uncertainty_s(first_s)
        return Recalled(n_before, start_s, self._line.slope / self.rate_hz, uncertainty_s)

    def _first(self, position: Position, n_samples: int, arrival_s: float) -> Placement:
        self._reckoner = reckoner(position, n_samples, self._nominal_hz)
        if isinstance(position, Unplaced):
            self._line = ArrivalLine(longest_bin_s=_STAIRS_BIN_S)
        step = Step(self._reckoner.device_s)
        self._line.observe(step.device_s, arrival_s)
        return self._placement(step, n_samples, 0, estimated=False, suspected_s=0.0)

    def _placement(self, step: Step, n_samples: int, n_lost: int, *, estimated: bool, suspected_s: float) -> Placement:
        period_s = self._line.slope / self.rate_hz
        last_s = self._line.at(step.device_s)
        start_s, period_s = self._times.next(last_s, period_s, n_samples, gap=n_lost > 0 or step.leaps)
        off_s = last_s - self._times.last_s
        uncertainty_s = math.hypot(self._line.uncertainty_s(step.device_s), off_s, suspected_s)
        return Placement(start_s, period_s, uncertainty_s, n_lost, step.reset, estimated and n_lost > 0)

    def _has_fallen(self, device_s: float, arrival_s: float) -> bool:
        return self._line.at(device_s) - arrival_s > _FALLEN_S + 5 * self._line.uncertainty_s(device_s)

    def _set_line_anew(self) -> None:
        self._line = self._line.anew()
        self._loss.end()
        self._stuck.end()

    def _watch(self, kept: Reckoner, n_samples: int, arrival_s: float) -> float:
        """Draw the line, or find out why it no longer holds; return by how much a lost frame may belie it, s."""
        if not self._line.began:
            self._line.observe(kept.device_s, arrival_s)
            return 0.0
        frame_s = n_samples / kept.rate_hz
        late_s = arrival_s - self._line.at(kept.device_s)
        unsure_s = 5 * self._line.uncertainty_s(kept.device_s)
        if self._stuck.lasts(late_s, max(_STUCK_LATE_S, unsure_s), arrival_s, frame_s):
            self._set_line_anew()
            self._line.observe(kept.device_s, arrival_s)
            return 0.0
        unit_s = kept.unit_samples / kept.rate_hz * self._line.slope
        least_s = max(_LEAST_LATE_S, _LOSS_SHARE * max(unit_s, frame_s), unsure_s) if unit_s else math.inf
        lost = self._loss.lasts(late_s, least_s, arrival_s, frame_s)
        suspected_s = self._loss.lowest_s if late_s >= least_s else 0.0
        if lost:
            self._n_unseen = max(1, round(suspected_s / unit_s)) * kept.unit_samples
            kept.add_lost(self._n_unseen)
            self._loss.end()
            self._stuck.end()
        elif late_s < min(least_s, max(_STUCK_LATE_S, unsure_s)):
            self._line.observe(kept.device_s, arrival_s)
        return suspected_s


class _Times:
    """Sample times without a step, and never backwards, where no sample is missing."""

    def __init__(self) -> None:
        self._began = False
        self.last_s = 0.0
        """Time of the newest sample."""

    def next(self, last_s: float, period_s: float, n_samples: int, *, gap: bool) -> tuple[float, float]:
        """Return start and period of a frame whose last sample should lie at `last_s`, s."""
        due_s = self.last_s + n_samples * period_s
        if not self._began or gap:
            start_s = last_s - (n_samples - 1) * period_s
            behind_s = self.last_s + period_s - start_s
            if self._began and 0 < behind_s < _MOST_BEHIND_S:
                start_s += behind_s
        else:
            share = min(1.0, n_samples * period_s / _SETTLE_S)
            stretch = share * (last_s - due_s) / (n_samples * period_s)
            period_s *= 1 + max(-_MOST_STRETCH, min(_MOST_STRETCH, stretch))
            start_s = self.last_s + period_s
        self._began = True
        self.last_s = start_s + (n_samples - 1) * period_s
        return start_s, period_s


class _LateSpell:
    """Frames that are all late, one after the other, for some time."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.end()

    def end(self) -> None:
        """Begin anew."""
        self._n_frames = 0
        self._lasted_s = 0.0
        self._newest_s = math.inf
        self.lowest_s = math.inf
        """By how much the least late one is late, s."""

    def lasts(self, late_s: float, least_s: float, arrival_s: float, frame_s: float) -> bool:
        """Take the next frame; whether all have been late by `least_s` for long enough.

        Time in which none came, as in a stall, hardly counts.
        """
        if late_s < least_s:
            self.end()
            return False
        self._n_frames += 1
        self._lasted_s += max(0.0, min(arrival_s - self._newest_s, 2 * frame_s))
        self._newest_s = arrival_s
        self.lowest_s = min(self.lowest_s, late_s)
        return self._n_frames >= _FEWEST_FRAMES and self._lasted_s >= self._patience_s
