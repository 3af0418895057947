"""Peers are tried: where one raises it has found nothing, and that is counted and said."""

import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np

from benchmarks.waves.wrapped import beats_only
from converter.evaluation.heard import Heard, hear
from converter.evaluation.records import Record
from edge.waves.marks import Floats
from edge.waves.reading import RecordingReading

T = TypeVar("T")


@dataclass(slots=True)
class Failures:
    """How often an analyser was asked, and did not answer.

    Parameters
    ----------
    n_asked
        Stretches it was given.
    n_without_beats
        Those in which it found none, or raised.
    raised
        How often it raised what, and in which step.
    """

    n_asked: int = 0
    n_without_beats: int = 0
    raised: Counter[str] = field(default_factory=Counter)

    def tried(self, step: str, call: Callable[[], T], otherwise: T) -> T:
        """Do a step; where it raises, count that and go on with `otherwise`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return call()
        except Exception as error:
            self.raised[f"{step}: {type(error).__name__}"] += 1
            return otherwise

    @property
    def words(self) -> str:
        """What to say of it: empty where all went well."""
        parts = [f"{n} x {what}" for what, n in self.raised.most_common()]
        without = self.n_without_beats
        return "; ".join([*parts, *([f"{without} without beats"] if without else [])])

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"asked": self.n_asked, "without_beats": self.n_without_beats, "raised": dict(self.raised)}


Read: TypeAlias = Callable[[Floats, float, Failures], RecordingReading]
"""Millivolts, shape (n,), their rate in Hz, and where to count what fails."""
ReaderOf: TypeAlias = Callable[[Record], Read]
"""Which reader a record is read with: of ours, one that was not taught by its patient."""


@dataclass(slots=True)
class Analyser:
    """One of those compared, at one question.

    Parameters
    ----------
    name
        As the tables have it.
    reader_of
        What reads a record.
    failures, took_s
        What came of it so far, and how long all its reading took, s.
    """

    name: str
    reader_of: ReaderOf
    failures: Failures = field(default_factory=Failures)
    took_s: float = 0.0

    def hear(self, record: Record) -> Heard:
        """Have it read a record."""
        read = self.reader_of(record)

        def analyse(millivolts: Floats, rate_hz: float) -> RecordingReading:
            nothing = beats_only(np.empty(0, np.int64), rate_hz, millivolts.size)
            reading = self.failures.tried("read", lambda: read(millivolts, rate_hz, self.failures), nothing)
            self.failures.n_asked += 1
            self.failures.n_without_beats += not len(reading.marks)
            return reading

        began_s = time.perf_counter()
        said = hear(record, analyse)
        self.took_s += time.perf_counter() - began_s
        return said
