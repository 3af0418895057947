"""Rhythm and beats over minutes and hours: readings of windows in, episodes and a report out.

Each moment counts once, as the first window that covers it says, and so does each beat: one within `SAME_BEAT_S` of a
beat already counted is the same. Rhythm and readability are those of each second; beats of a second that cannot be read
are none, and no interval, run or rate reaches across such a second or a gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final, TypeAlias

import numpy as np

from edge.waves.episodes import TOUCHES_S, Episode, EpisodeKind, Stretches
from edge.waves.intervals import RHYTHM_PROBABILITY
from edge.waves.marks import BEAT_CLASSES, RHYTHMS, BeatClass, Rhythm
from edge.waves.measurable import without_doubles
from edge.waves.pulse import BRIDGED_S, PAUSE_S, Ectopics, Pulse
from edge.waves.reading import WindowReading
from edge.waves.track import STEP_HZ, Grade, Track

SAME_BEAT_S: Final = 0.15
"""Two marks of one beat lie this close at most (the tolerance of ANSI/AAMI EC57)."""
AF_S: Final = 30.0
"""Shortest AF that is an episode (ESC 2020)."""
_LATE_S: Final = 0.5
"""A beat this close to the end of the windows before may have been missed there, and is taken from the next one."""
_OVERLAP_S: Final = 0.3
"""Windows that overlap by less may both have missed a beat where they meet."""


class State(StrEnum):
    """What a moment is."""

    SINUS = "sinus"
    AF = "af"
    OTHER = "other"
    UNCLASSIFIED = "unclassified"
    UNREADABLE = "unreadable"
    GAP = "gap"


_ANALYSABLE: Final = (State.SINUS, State.AF, State.OTHER, State.UNCLASSIFIED)
_OF_RHYTHM: Final = {Rhythm.SINUS: State.SINUS, Rhythm.AF: State.AF, Rhythm.OTHER: State.OTHER}
_Piece: TypeAlias = tuple[float, State]
"""Until when, s, it is what."""


@dataclass(frozen=True, slots=True)
class DiaryReport:
    """What a diary holds so far.

    Parameters
    ----------
    start_s, end_s
        From the first window to the last, s since the epoch of the stream's spans; both 0 before the first.
    seconds
        How long it was in each `State`, s; they sum to the time from start to end.
    n_beats
        All beats.
    supraventricular, ventricular
        Beats of class S and V.
    pauses
        How many, and `longest_pause_s` how long the longest is, s, 0 without any.
    episodes
        Those that have ended, in the order in which they did.
    """

    start_s: float
    end_s: float
    seconds: dict[State, float]
    n_beats: int
    supraventricular: Ectopics
    ventricular: Ectopics
    pauses: int
    longest_pause_s: float
    episodes: tuple[Episode, ...]

    @property
    def analysable_s(self) -> float:
        """Time in which beats can be found, s."""
        return sum(self.seconds[state] for state in _ANALYSABLE)

    @property
    def af_burden(self) -> float | None:
        """Share of the analysable time in AF, episodes shorter than `AF_S` included; None without such time."""
        return self.seconds[State.AF] / self.analysable_s if self.analysable_s > 0 else None

    @property
    def supraventricular_per_hour(self) -> float | None:
        """Beats of class S an hour of analysable time."""
        return _per_hour(self.supraventricular.beats, self.analysable_s)

    @property
    def ventricular_per_hour(self) -> float | None:
        """Beats of class V an hour of analysable time."""
        return _per_hour(self.ventricular.beats, self.analysable_s)


class RhythmDiary:
    """Windows of one stream, in order, added one by one. They may overlap, adjoin or leave holes, which are gaps.

    Memory grows with the episodes only.

    Parameters
    ----------
    pause_s
        Shortest interval between beats that is a pause.
    """

    def __init__(self, *, pause_s: float = PAUSE_S) -> None:
        self._pulse = Pulse(pause_s)
        self._stretches = {
            State.AF: Stretches(EpisodeKind.AF, bridged_s=BRIDGED_S, shortest_s=AF_S),
            State.OTHER: Stretches(EpisodeKind.OTHER),
            State.UNCLASSIFIED: Stretches(EpisodeKind.UNCLASSIFIED),
            State.UNREADABLE: Stretches(EpisodeKind.UNREADABLE),
            State.GAP: Stretches(EpisodeKind.GAP),
        }
        self._seconds = dict.fromkeys(State, 0.0)
        self._episodes: list[Episode] = []
        self._start_s: float | None = None
        self._covered_s = 0.0
        self._next_beat_s = float("-inf")
        """No beat before this is a new one, or in a row with those before."""

    def add(self, reading: WindowReading) -> tuple[Episode, ...]:
        """Take the next window and give the episodes that end by it."""
        return self._ended(self._window(reading))

    def add_gap(self, start_s: float, end_s: float) -> tuple[Episode, ...]:
        """Say that a stretch has no window; holes between windows are found without that.

        Parameters
        ----------
        start_s, end_s
            The stretch, s since the epoch of the stream's spans; what windows cover of it is no gap.
        """
        self._begin(start_s)
        return self._ended(self._piece(end_s, State.GAP))

    def finish(self) -> tuple[Episode, ...]:
        """End the stream and give the episodes that end with it."""
        last = self._pulse.finish(self._covered_s)
        open_ones = (episode for stretches in self._stretches.values() for episode in stretches.finish())
        return self._ended(episode for some in (last, open_ones) for episode in some)

    def report(self) -> DiaryReport:
        """Say what it holds so far."""
        pauses_s = [episode.duration_s for episode in self._episodes if episode.kind is EpisodeKind.PAUSE]
        return DiaryReport(
            start_s=self._start_s or 0.0,
            end_s=self._covered_s,
            seconds=dict(self._seconds),
            n_beats=self._pulse.n_beats,
            supraventricular=self._pulse.ectopics(BeatClass.SUPRAVENTRICULAR),
            ventricular=self._pulse.ectopics(BeatClass.VENTRICULAR),
            pauses=len(pauses_s),
            longest_pause_s=max(pauses_s, default=0.0),
            episodes=tuple(self._episodes),
        )

    def _ended(self, episodes: Iterator[Episode]) -> tuple[Episode, ...]:
        ended = tuple(episodes)
        self._episodes.extend(ended)
        return ended

    def _begin(self, start_s: float) -> None:
        if self._start_s is None:
            self._start_s = self._covered_s = start_s

    def _window(self, reading: WindowReading) -> Iterator[Episode]:
        start_s = reading.span.start_s
        self._begin(start_s)
        seam_s = self._covered_s if start_s > self._covered_s - _OVERLAP_S else None
        late_from_s = self._covered_s - _LATE_S
        if start_s > self._covered_s + TOUCHES_S:
            yield from self._piece(start_s, State.GAP)
        beats = _beats(reading, late_from_s)
        beat = next(beats, None)
        for end_s, state in _pieces(reading):
            if end_s <= self._covered_s:
                continue
            yield from self._piece(end_s, state)
            while beat is not None and beat[0] < end_s:
                if beat[0] >= self._next_beat_s:
                    yield from self._pulse.beat(*beat, seam_s)
                    self._next_beat_s = beat[0] + SAME_BEAT_S
                beat = next(beats, None)
        yield from self._pulse.until(self._covered_s)

    def _piece(self, end_s: float, state: State) -> Iterator[Episode]:
        """Go on from what is covered until `end_s`."""
        start_s = self._covered_s
        if end_s <= start_s:
            return
        self._covered_s = end_s
        self._seconds[state] += end_s - start_s
        for of, stretches in self._stretches.items():
            yield from stretches.hold(start_s, end_s) if of is state else stretches.until(end_s)
        if state not in _ANALYSABLE:
            self._next_beat_s = end_s
            yield from self._pulse.cut()
            yield from self._pulse.until(end_s)


def _per_hour(n: int, seconds: float) -> float | None:
    return 3600.0 * n / seconds if seconds > 0 else None


def _grades(reading: WindowReading, n: int) -> list[Grade]:
    """Of each of the n seconds a window begins; where the reading has none, that of the window."""
    grades = [second.grade for second in reading.quality.seconds[:n]]
    return grades + [reading.quality.grade] * (n - len(grades))


def _second_s(reading: WindowReading) -> tuple[float, int]:
    """How long a second of the window's samples lasts by the stream's clock, and how many the window begins."""
    nominal_s = reading.marks.n_samples / reading.marks.rate_hz
    return reading.span.duration_s / nominal_s, ceil(nominal_s - 1e-9)


def _pieces(reading: WindowReading) -> Iterator[_Piece]:
    """The seconds of a window, each with its state."""
    second_s, n = _second_s(reading)
    start_s = reading.span.start_s
    for i, (grade, rhythm) in enumerate(zip(_grades(reading, n), _rhythms(reading.track, n), strict=True), 1):
        end_s = start_s + min(i * second_s, reading.span.duration_s)
        yield end_s, State.UNREADABLE if grade is Grade.NOTHING else rhythm


def _rhythms(track: Track, n: int) -> list[State]:
    """The rhythm of each second: the one that is likely enough on its average."""
    step = int(STEP_HZ)
    starts = np.arange(0, len(track.rhythms), step)[:n]
    if starts.size == 0:
        return [State.UNCLASSIFIED] * n
    sums = np.add.reduceat(track.rhythms, starts, axis=0)
    shares = sums / sums.sum(axis=1, keepdims=True)
    likeliest = zip(shares.argmax(axis=1).tolist(), shares.max(axis=1).tolist(), strict=True)
    states = [_OF_RHYTHM[RHYTHMS[i]] if p >= RHYTHM_PROBABILITY else State.UNCLASSIFIED for i, p in likeliest]
    # What begins after the last step is no longer than a step.
    return states + states[-1:] * (n - len(states))


def _beats(reading: WindowReading, from_s: float) -> Iterator[tuple[float, BeatClass]]:
    """The beats of a window's readable seconds that are not before a time, each with its class."""
    second_s, n = _second_s(reading)
    grades = _grades(reading, n)
    marks, _ = without_doubles(reading.marks)
    for r_s, row in zip((marks.r / marks.rate_hz).tolist(), marks.classes.tolist(), strict=True):
        at_s = reading.span.start_s + r_s * second_s
        if at_s >= from_s and grades[min(int(r_s), n - 1)] is not Grade.NOTHING:
            yield at_s, BEAT_CLASSES[row]
