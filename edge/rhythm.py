"""Rhythm without waves: intervals between beats in, exactly one outcome for every minute of them out.

The figures are those of the Task Force (1996), and which intervals they rest on is told as in `edge.variability`: a
strap does not say which beats are normal. The Task Force's own lengths are 5 minutes and 24 hours: the figures of one
minute are comparable only with those of other minutes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.outcome import HeartRate, Outcome, Rejected, Rejection, RhythmMeasured, Span
from edge.signal import BeatBlock
from edge.variability import NEIGHBOURS, normal_intervals, normal_steps_s, rmssd_s, sdnn_s, too_few_left

WINDOW_S: Final = 60.0

_PNN50_S: Final = 0.05
_FEWEST_FOR_PNN50: Final = 20


@dataclass(frozen=True, slots=True)
class RhythmReport:
    """What a rhythm loop has done so far.

    Parameters
    ----------
    windows
        Windows that have ended, each with one outcome.
    measured
        Those whose rhythm was measured.
    rejected
        Rejected windows by reason.
    """

    windows: int
    measured: int
    rejected: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Interval:
    """One interval between beats, with what its block says of it."""

    index: int
    rr_s: float
    start_s: float
    time_uncertainty_s: float
    contact: bool | None


class RhythmLoop:
    """Cuts a stream of intervals into windows and ends each as one outcome. No thread, no file, no radio.

    A window begins with a beat and ends with the first one that is `window_s` or more away; the next window begins with
    the first beat that is `hop_s` or more after the beginning of this one. No window spans a gap: what was left before
    it, or before the end, comes out as `Rejected`. The windows do not depend on how the stream was cut into blocks.
    `Span.first_index` and `Span.n_samples` count intervals here.

    Parameters
    ----------
    hop_s, window_s
        See above, s.
    """

    def __init__(self, *, hop_s: float = WINDOW_S, window_s: float = WINDOW_S) -> None:
        if not (hop_s > 0 and window_s > 0):
            raise ValueError(f"hop_s is {hop_s}, window_s is {window_s}: must be above 0")
        self._hop_s, self._window_s = hop_s, window_s
        self._held: list[_Interval] = []
        self._hopping = False
        """Whether the window that begins with what is held has ended, and the next one's beginning is not there yet."""
        self._covered = 0
        self._end_index: int | None = None
        self._measured = 0
        self._rejected: Counter[str] = Counter()

    def push(self, block: BeatBlock) -> tuple[Outcome, ...]:
        """Take the next block and give the outcomes of the windows it completes.

        Raises
        ------
        StreamError
            If the block does not continue the stream.
        """
        gap = block.gap_before
        block.follows(self._end_index if self._end_index is not None else gap.first_index if gap else block.first_index)
        self._end_index = block.end_index
        rest = self._end_segment(Rejection.GAP) if gap else ()
        self._held.extend(_intervals(block))
        return self._counted([*rest, *self._windows()])

    def finish(self) -> tuple[Outcome, ...]:
        """End the stream and give the outcome of what is left of it."""
        return self._counted(self._end_segment(Rejection.ENDED))

    def report(self) -> RhythmReport:
        """Say what has been done so far."""
        rejected = {str(reason): n for reason, n in sorted(self._rejected.items())}
        return RhythmReport(self._measured + self._rejected.total(), self._measured, rejected)

    def _counted(self, outcomes: Sequence[RhythmMeasured | Rejected]) -> tuple[Outcome, ...]:
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                self._rejected[outcome.reason] += 1
            else:
                self._measured += 1
        return tuple(outcomes)

    def _windows(self) -> Iterator[RhythmMeasured | Rejected]:
        self._hop()
        while not self._hopping and (n := _reaching(self._held, self._window_s)):
            window = self._held[:n]
            yield _outcome(window)
            self._covered, self._hopping = window[-1].index + 1, True
            self._hop()

    def _hop(self) -> None:
        if self._hopping and (n := _reaching(self._held, self._hop_s)):
            self._held, self._hopping = self._held[n:], False

    def _end_segment(self, reason: Rejection) -> Sequence[Rejected]:
        left, hopping = self._held, self._hopping
        self._held, self._hopping = [], False
        if hopping or not left or left[-1].index < self._covered:
            return ()
        span = _span(left)
        return (Rejected(span, reason, f"{span.duration_s:.1f} s of the {self._window_s:g} s a window needs"),)


def measure_rhythm(rr_s: NDArray[np.float64], span: Span) -> RhythmMeasured | Rejected:
    """Measure the rhythm of intervals in a row.

    Parameters
    ----------
    rr_s
        ``NDArray[float64]``, shape (n_intervals,), at least one, s.
    span
        What they cover.
    """
    if rr_s.size < NEIGHBOURS:
        detail = f"{rr_s.size} intervals between beats are too few to tell which are normal"
        return Rejected(span, Rejection.IRREGULAR, detail)
    normal = normal_intervals(rr_s)
    n_rejected = int(np.count_nonzero(~normal))
    if too_few_left(rr_s, normal):
        detail = f"{n_rejected} of {rr_s.size} intervals between beats are ectopic, missed or no heart's"
        return Rejected(span, Rejection.IRREGULAR, detail)
    # With four of five kept, and five at least, some two of them follow each other.
    steps_s = normal_steps_s(rr_s, normal)
    mean_s = float(rr_s[normal].mean())
    return RhythmMeasured(
        span=span,
        heart_rate=HeartRate(60.0 / mean_s, int(rr_s.size) + 1),
        rr_mean_ms=1e3 * mean_s,
        sdnn_ms=1e3 * sdnn_s(rr_s[normal]),
        rmssd_ms=1e3 * rmssd_s(steps_s),
        pnn50_percent=_pnn50_percent(steps_s),
        n_intervals=int(rr_s.size),
        n_rejected=n_rejected,
    )


def _pnn50_percent(steps_s: NDArray[np.float64]) -> float | None:
    if steps_s.size < _FEWEST_FOR_PNN50:
        return None
    return 100.0 * int(np.count_nonzero(np.abs(steps_s) > _PNN50_S)) / steps_s.size


def _outcome(window: Sequence[_Interval]) -> RhythmMeasured | Rejected:
    span = _span(window)
    if any(interval.contact is False for interval in window):
        return Rejected(span, Rejection.LEAD_OFF, "the device says that an electrode is off")
    return measure_rhythm(np.array([interval.rr_s for interval in window]), span)


def _span(intervals: Sequence[_Interval]) -> Span:
    first = intervals[0]
    duration_s = sum(interval.rr_s for interval in intervals)
    return Span(first.index, len(intervals), first.start_s, duration_s, first.time_uncertainty_s)


def _intervals(block: BeatBlock) -> Iterator[_Interval]:
    start_s = block.start_s
    for index, rr_s in enumerate(block.rr_s.tolist(), block.first_index):
        yield _Interval(index, rr_s, start_s, block.time_uncertainty_s, block.contact)
        start_s += rr_s


def _reaching(intervals: Sequence[_Interval], s: float) -> int:
    """How many intervals it takes to last `s` or longer; 0 where all of them do not."""
    lasting_s = accumulate(interval.rr_s for interval in intervals)
    return next((n for n, total_s in enumerate(lasting_s, 1) if total_s >= s), 0)
