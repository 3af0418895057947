"""Beats in a row, one after the other: pauses, runs of ectopic beats, slow and fast rates."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from edge.waves.episodes import Episode, EpisodeKind
from edge.waves.marks import BeatClass

PAUSE_S: Final = 2.0
"""Shortest pause, s: what Holter reports count; 3 s and more matter while awake (ACC/AHA/HRS 2018)."""
RATE_INTERVALS: Final = 8
"""The rate is that of the median of so many intervals in a row, which no ectopic or missed beat moves far."""
SLOW_BPM: Final = (50.0, 55.0)
"""Bradycardia begins below the first (ACC/AHA/HRS 2018) and ends above the second."""
FAST_BPM: Final = (100.0, 95.0)
"""Tachycardia begins above the first (ACC/AHA/HRS 2015) and ends below the second."""
BRIDGED_S: Final = 10.0
"""Time without readable beats that ends no episode."""
FEWEST_OF_RUN: Final = 3
_SEAM_S: Final = 0.15
_SAME_INTERVAL: Final = 0.2


@dataclass(frozen=True, slots=True)
class Ectopics:
    """Ectopic beats of one class.

    Parameters
    ----------
    beats
        All of them, those of couplets and runs included.
    couplets
        Two in a row.
    runs
        Three or more in a row.
    longest
        Most in a row.
    """

    beats: int = 0
    couplets: int = 0
    runs: int = 0
    longest: int = 0


class _Rows:
    """Counts beats of one class in a row."""

    def __init__(self, kind: EpisodeKind) -> None:
        self._kind = kind
        self._ended = Ectopics()
        self._n = 0
        self._start_s = self._end_s = 0.0

    def beat(self, at_s: float, *, member: bool) -> tuple[Episode, ...]:
        if not member:
            return self.cut()
        self._start_s = at_s if self._n == 0 else self._start_s
        self._n, self._end_s = self._n + 1, at_s
        return ()

    def cut(self) -> tuple[Episode, ...]:
        if self._n == 0:
            return ()
        run = (Episode(self._kind, self._start_s, self._end_s),) if self._n >= FEWEST_OF_RUN else ()
        self._ended, self._n = self.counted(), 0
        return run

    def counted(self) -> Ectopics:
        ended, n = self._ended, self._n
        couplet, run = int(n == FEWEST_OF_RUN - 1), int(n >= FEWEST_OF_RUN)
        return Ectopics(ended.beats + n, ended.couplets + couplet, ended.runs + run, max(ended.longest, n))


class _Rate:
    """Episodes of a rate beyond a limit: from the first interval beyond it, to the last one before the rate is back.

    `limits_s` are the intervals at which it begins and ends: the second one is shorter where long ones are beyond.
    """

    def __init__(self, kind: EpisodeKind, begins_bpm: float, ends_bpm: float) -> None:
        self._kind = kind
        self._sign = 1.0 if begins_bpm < ends_bpm else -1.0
        self._begins_s, self._ends_s = (self._sign * 60.0 / bpm for bpm in (begins_bpm, ends_bpm))
        self._open: tuple[float, float] | None = None
        self._free_from_s = float("-inf")

    def beats(self, at_s: deque[float], usual_s: float | None) -> tuple[Episode, ...]:
        """Take the last beats in a row, and the interval that is usual between them where they are enough to tell."""
        ended = self.until(at_s[0])
        if usual_s is None:
            return ended
        median_s = self._sign * usual_s
        if self._open is None and median_s > self._begins_s:
            start_s = next((a for a, _ in self._beyond(at_s, self._begins_s) if a >= self._free_from_s), at_s[-2])
            self._open = (start_s, at_s[-1])
        elif self._open is not None and median_s <= self._ends_s:
            ended += self.finish()
        if self._open is not None:
            end_s = max((b for _, b in self._beyond(at_s, self._ends_s)), default=self._open[1])
            self._open = (self._open[0], max(end_s, self._open[0]))
        return ended

    def until(self, first_s: float) -> tuple[Episode, ...]:
        """Say that no beats in a row begin before this."""
        if self._open is None or first_s - self._open[1] <= BRIDGED_S:
            return ()
        return self.finish()

    def finish(self) -> tuple[Episode, ...]:
        if self._open is None:
            return ()
        start_s, self._free_from_s = self._open
        self._open = None
        return (Episode(self._kind, start_s, self._free_from_s),)

    def _beyond(self, at_s: deque[float], limit_s: float) -> Iterator[tuple[float, float]]:
        return ((a, b) for a, b in pairwise(at_s) if self._sign * (b - a) > limit_s)


def _median_interval_s(at_s: deque[float]) -> float:
    ordered = sorted([b - a for a, b in pairwise(at_s)])
    return 0.5 * (ordered[(RATE_INTERVALS - 1) // 2] + ordered[RATE_INTERVALS // 2])


class Pulse:
    """Beats in order, episodes out. Beats are in a row until `cut` says that something between could not be read.

    Parameters
    ----------
    pause_s
        Shortest interval that is a pause.
    """

    def __init__(self, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._row: deque[float] = deque(maxlen=RATE_INTERVALS + 1)
        self._rows = {
            BeatClass.SUPRAVENTRICULAR: _Rows(EpisodeKind.SUPRAVENTRICULAR_RUN),
            BeatClass.VENTRICULAR: _Rows(EpisodeKind.VENTRICULAR_RUN),
        }
        self._rates = (
            _Rate(EpisodeKind.BRADYCARDIA, *SLOW_BPM),
            _Rate(EpisodeKind.TACHYCARDIA, *FAST_BPM),
        )
        self.n_beats = 0

    def ectopics(self, letter: BeatClass) -> Ectopics:
        """Count the ectopic beats of a class, S or V, so far."""
        return self._rows[letter].counted()

    def beat(self, at_s: float, letter: BeatClass, seam_s: float | None = None) -> Iterator[Episode]:
        """Take the next beat and give what it ends.

        Parameters
        ----------
        at_s
            When.
        letter
            Its class.
        seam_s
            Where two windows met last without overlapping: a beat may have been missed there.
        """
        self.n_beats += 1
        if self._row and at_s - self._row[-1] >= self._pause_s and not self._hides_a_beat(at_s, seam_s):
            yield Episode(EpisodeKind.PAUSE, self._row[-1], at_s)
        for of, rows in self._rows.items():
            yield from rows.beat(at_s, member=letter is of)
        self._row.append(at_s)
        usual_s = _median_interval_s(self._row) if len(self._row) > RATE_INTERVALS else None
        for rate in self._rates:
            yield from rate.beats(self._row, usual_s)

    def cut(self) -> Iterator[Episode]:
        """Say that what follows the last beat could not be read."""
        self._row.clear()
        for rows in self._rows.values():
            yield from rows.cut()

    def until(self, now_s: float) -> Iterator[Episode]:
        """Say how late it is; give the episodes that no later beat can go on with."""
        if not self._row:
            for rate in self._rates:
                yield from rate.until(now_s)

    def finish(self, now_s: float) -> Iterator[Episode]:
        """End the row with the stream; a silence that is left is a pause."""
        if self._row and now_s - self._row[-1] >= self._pause_s:
            yield Episode(EpisodeKind.PAUSE, self._row[-1], now_s)
        yield from self.cut()
        for rate in self._rates:
            yield from rate.finish()

    def _hides_a_beat(self, at_s: float, seam_s: float | None) -> bool:
        """Whether the interval that ends here looks like two, with the beat between them at a seam."""
        if seam_s is None or len(self._row) < 2:  # noqa: PLR2004 - the interval before this one needs two
            return False
        last_s, usual_s = self._row[-1], self._row[-1] - self._row[-2]
        at_seam = abs(0.5 * (last_s + at_s) - seam_s) < _SEAM_S
        return at_seam and abs(0.5 * (at_s - last_s) - usual_s) <= _SAME_INTERVAL * usual_s
