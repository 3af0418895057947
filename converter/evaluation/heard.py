"""What an analyser says of a record: readings of its gap-free stretches, placed on the record's time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.evaluation.beat_truth import Floats
from converter.evaluation.records import Record
from converter.evaluation.wave_truth import Waves, waves_of_marks
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import STEP_HZ

Analyse: TypeAlias = Callable[[Floats, float], RecordingReading]
"""Millivolts, shape (n,), without a gap, and their rate in Hz: `edge.waves.reader.WaveReader.read_recording` is one."""
SHORTEST_S: Final = 2.0
"""Stretches shorter than this are not read."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A reading of a stretch that begins at `begin_s` in its record."""

    begin_s: float
    reading: RecordingReading

    def windows(self) -> Iterator[tuple[float, float, WindowReading]]:
        """Beginning and end of each window, s, with what it says; they follow each other from the first sample on."""
        begin_s = self.begin_s
        for window in self.reading.windows:
            end_s = begin_s + window.marks.n_samples / window.marks.rate_hz
            yield begin_s, end_s, window
            begin_s = end_s

    @property
    def end_s(self) -> float:
        """Where it ends in the record, s."""
        return self.begin_s + self.reading.marks.n_samples / self.reading.marks.rate_hz

    def rhythms_between(self, begin_s: float, end_s: float) -> NDArray[np.float32]:
        """Probabilities of rhythms, shape (n_steps, 3), of a stretch of the record."""
        first, last = (max(0, round((s - self.begin_s) * STEP_HZ)) for s in (begin_s, end_s))
        return self.reading.track.rhythms[first:last]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """All that was read of a record, stretch by stretch."""

    parts: tuple[Placed, ...]

    @property
    def beats_s(self) -> Floats:
        """Places of the beats, shape (n,), s."""
        return _strung([p.reading.marks.r / p.reading.marks.rate_hz + p.begin_s for p in self.parts])

    @property
    def classes(self) -> NDArray[np.int64]:
        """Their classes, shape (n,)."""
        return np.concatenate([np.empty(0, np.int64), *(p.reading.marks.classes for p in self.parts)])

    @property
    def waves(self) -> Waves:
        """All waves, on the record's time."""
        each = [waves_of_marks(p.reading.marks, p.begin_s) for p in self.parts]
        none = np.empty((0, 3))
        return Waves(*(np.concatenate([none, *(getattr(w, name) for w in each)]) for name in ("p", "qrs", "t")))

    def windows(self) -> Iterator[tuple[float, float, WindowReading]]:
        """All windows, as `Placed.windows` gives them."""
        for part in self.parts:
            yield from part.windows()


def heard(reading: RecordingReading) -> Heard:
    """Take the reading of a record without gaps."""
    return Heard((Placed(0.0, reading),))


def hear(record: Record, analyse: Analyse) -> Heard:
    """Have a record read, stretch by stretch."""
    return Heard(
        tuple(
            Placed(stretch.begin_s, analyse(stretch.millivolts, stretch.rate_hz))
            for stretch in record.stretches
            if stretch.duration_s >= SHORTEST_S
        )
    )


def with_added(record: Record, added_mv: Floats) -> Record:
    """Add a noise, shape (n,), mV, n at least the samples of the longest stretch, to each stretch from its start on."""
    stretches = (replace(s, millivolts=s.millivolts + added_mv[: s.millivolts.size]) for s in record.stretches)
    return replace(record, stretches=tuple(stretches))


def _strung(parts: list[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *parts])
