"""Heart rate measurements to blocks of intervals: join them, place them in time, say where some are missing. Pure.

The measurement carries no time. Intervals in a row add up, though: their sum is the device's clock, and the moments of
arrival tell how it lies to the gateway's. A strap sends a measurement a second, so a beat is told within a second.
Where the sum falls further behind the arrivals than that and stays there, beats are missing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ble_gateway.clock import ArrivalLine
from ble_gateway.wearables.wearable import Beats
from edge.signal import BeatBlock, Gap, GapReason

REPORT_S: Final = 1.0
"""From one measurement to the next."""
LATE_S: Final = 3.0
"""A sum this far behind the arrivals has lost beats, or waits in a queue: a report, the slowest beat, and half a second
of jitter."""
CATCH_UP_S: Final = 2.5
"""What waited in a queue arrives at once when it moves again: so long it is given to catch up."""
EARLY_S: Final = 3.0
"""A sum this far ahead of the arrivals is no time that has passed."""
_TICK_S: Final = 1 / 1024
"""The shortest interval that can be told."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A measurement with intervals, as it came."""

    rr_s: tuple[float, ...]
    arrival_s: float
    contact: bool | None


class BeatStream:
    """The intervals of one strap: feed it measurements in the order they came, get blocks.

    A block's time is that of its beats on the gateway's clock, late by the strap's own delay (up to 4 s; nothing tells
    it). Times within a segment never go back: where later arrivals show that they were told too late, they are mended
    by at most half an interval a block. How long a gap lasted is known to about a second, how many intervals it cost is
    estimated from the mean of those behind it. After the link broke, or the queue overflowed, a gap is always stated:
    nothing else could tell a single lost beat.
    """

    def __init__(self) -> None:
        self._line: ArrivalLine | None = None
        self._sum_s = 0.0
        self._told_s = 0.0
        self._n_heard = 0
        self._end_index = 0
        self._waiting: list[_Heard] = []
        self._reason: GapReason | None = None
        self._silent = False
        self.empty_intervals = 0
        """Intervals of 0 s, which are none; they are dropped."""

    def feed(self, beats: Beats, arrival_s: float, after: GapReason | None = None) -> BeatBlock | None:
        """Take the next measurement.

        Parameters
        ----------
        beats
            What it says.
        arrival_s
            When it arrived, s since the Unix epoch.
        after
            What happened since the measurement before that may have cost some.

        Returns
        -------
        BeatBlock or None
            None for a measurement without intervals, and while it is not yet clear whether some are missing.
        """
        ended = self._release() if after else None
        self._reason = after or self._reason
        rr_s = tuple(interval for interval in beats.rr_s if interval > 0)
        self.empty_intervals += len(beats.rr_s) - len(rr_s)
        if not rr_s:
            self._silent = True
            return ended
        self._waiting.append(_Heard(rr_s, arrival_s, beats.contact))
        return ended if ended or self._undecided(arrival_s) else self._release()

    def finish(self) -> BeatBlock | None:
        """End the stream; what was held back, if anything."""
        return self._release()

    def _undecided(self, arrival_s: float) -> bool:
        """Whether what waits may yet turn out to have been held up only."""
        if self._line is None or self._reason:
            return False
        return self._lag_s(self._line) > LATE_S and arrival_s - self._waiting[0].arrival_s < CATCH_UP_S

    def _lag_s(self, line: ArrivalLine) -> float:
        """How far the sum of all intervals lies behind the last arrival, s."""
        sum_s = self._sum_s + sum(sum(heard.rr_s) for heard in self._waiting)
        return self._waiting[-1].arrival_s - line.at(sum_s)

    def _broken_by(self, line: ArrivalLine) -> GapReason | None:
        """Why intervals are missing before those that wait; None where none are."""
        if self._reason:
            return self._reason
        lag_s = self._lag_s(line)
        if lag_s < -EARLY_S:
            return GapReason.DEVICE_RESET
        if lag_s <= LATE_S:
            return None
        return GapReason.INVALID_SAMPLES if self._silent else GapReason.INFERRED

    def _release(self) -> BeatBlock | None:
        """Make a block of what waits, behind a gap where there is one."""
        if not self._waiting:
            return None
        is_first, line = self._line is None, self._line or ArrivalLine()
        reason = None if is_first else self._broken_by(line)
        heard, self._waiting, self._reason, self._silent = self._waiting, [], None, False
        if reason:
            line, self._sum_s, self._n_heard = ArrivalLine(), 0.0, 0
        self._line, began_s = line, self._sum_s
        self._observe(heard, line)
        rr_s = np.array([interval for each in heard for interval in each.rr_s])
        start_s, gap_s, gap = line.at(began_s), 0.0, None
        if reason:
            gap_s = max(start_s - self._told_s, _TICK_S)
            start_s = self._told_s + gap_s
            gap = Gap(self._end_index, _n_missing(gap_s, float(rr_s.mean())), reason)
        elif not is_first:
            start_s = max(start_s, self._told_s - float(rr_s[0]) / 2)
        block = BeatBlock(
            rr_s=rr_s,
            first_index=gap.end_index if gap else self._end_index,
            start_s=start_s,
            time_uncertainty_s=self._uncertainty_s(line, began_s, start_s),
            gap_before=gap,
            gap_before_s=gap_s,
            contact=_contact(heard),
        )
        self._end_index, self._told_s = block.end_index, start_s + block.duration_s
        return block

    def _observe(self, heard: Sequence[_Heard], line: ArrivalLine) -> None:
        for each in heard:
            self._sum_s += sum(each.rr_s)
            line.observe(self._sum_s, each.arrival_s)
        self._n_heard += len(heard)

    def _uncertainty_s(self, line: ArrivalLine, began_s: float, told_s: float) -> float:
        """One standard deviation: of the line, of the soonest report so far, and of what is still to be mended."""
        soonest_s = REPORT_S / (self._n_heard + 1)
        return math.hypot(line.uncertainty_s(began_s), soonest_s, told_s - line.at(began_s))


def _n_missing(gap_s: float, mean_s: float) -> int:
    """How many intervals a gap has cost; the first report behind it is half a period late, as reports go."""
    return max(1, round((gap_s - REPORT_S / 2) / mean_s))


def _contact(heard: Sequence[_Heard]) -> bool | None:
    """False where any says so."""
    said = {each.contact for each in heard}
    return False if False in said else next(iter(said)) if len(said) == 1 else True
