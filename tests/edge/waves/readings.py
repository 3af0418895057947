"""A day of a heart as truth over time, and its windows as a perfect reader would read them."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge.outcome import Span
from edge.waves.figures import GOOD, Fault, Quality, SecondQuality
from edge.waves.marks import RHYTHMS, Rhythm
from edge.waves.reading import WindowReading
from edge.waves.track import RATE_HZ, STEP_HZ, Grade, Track
from tests.edge.waves.hearts import beats_at

BAD = SecondQuality(Grade.NOTHING, Fault.MOTION)


@dataclass(frozen=True)
class Day:
    """Beats (s, and their letters), and stretches (from, to, s) that are unreadable, in AF or of no clear rhythm."""

    r_s: tuple[float, ...]
    letters: str = ""
    bad: tuple[tuple[float, float], ...] = ()
    af: tuple[tuple[float, float], ...] = ()
    unclear: tuple[tuple[float, float], ...] = ()
    start_s: float = 1.7e9

    def reading(self, begin_s: float, end_s: float, *, unreadable: bool = False) -> WindowReading:
        """The window of a stretch, s since the day began."""
        n_samples = round((end_s - begin_s) * RATE_HZ)
        first, last = bisect_left(self.r_s, begin_s), bisect_left(self.r_s, end_s)
        letters = self.letters.ljust(len(self.r_s), "N")[first:last]
        marks = beats_at(np.array(self.r_s[first:last]) - begin_s, classes=letters, duration_s=end_s - begin_s)
        starts = begin_s + np.arange(int(np.ceil(end_s - begin_s - 1e-9)))
        seconds = tuple(BAD if unreadable or _touches(self.bad, s, min(s + 1, end_s)) else GOOD for s in starts)
        grade = min(second.grade for second in seconds)
        return WindowReading(
            Span(round(begin_s * RATE_HZ), n_samples, self.start_s + begin_s, n_samples / RATE_HZ, 0.01),
            Quality(grade, None if grade is Grade.WAVES else Fault.MOTION, "", seconds),
            marks,
            self._track(begin_s, n_samples),
            None,
        )

    def windows(self, cuts_s, *, unreadable=()) -> list[WindowReading]:
        """Windows that adjoin, between these times."""
        return [self.reading(a, b, unreadable=i in unreadable) for i, (a, b) in enumerate(pairwise(cuts_s))]

    def _track(self, begin_s, n_samples):
        at_s = begin_s + (np.arange(int(n_samples / RATE_HZ * STEP_HZ)) + 0.5) / STEP_HZ
        rhythms = np.full((at_s.size, 3), 0.05, np.float32)
        rhythms[:, RHYTHMS.index(Rhythm.SINUS)] = 0.9
        for a, b in self.af:
            rhythms[(at_s >= a) & (at_s < b)] = (0.05, 0.9, 0.05)
        for a, b in self.unclear:
            rhythms[(at_s >= a) & (at_s < b)] = (0.4, 0.3, 0.3)
        nothing = np.zeros((at_s.size, 6), np.float32)
        return Track(np.zeros((n_samples, 4), np.float32), nothing, rhythms, np.zeros((at_s.size, 3), np.float32))


def _touches(stretches, begin_s, end_s):
    return any(a < end_s and begin_s < b for a, b in stretches)
