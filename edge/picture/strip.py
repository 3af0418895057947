"""What a picture shows: a piece of a recording, cut where samples are missing, each stretch with its reading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from edge.waves.reading import RecordingReading

Floats: TypeAlias = NDArray[np.float64]
ReadRecording: TypeAlias = Callable[[Floats, float], RecordingReading]
"""Reads millivolts without gaps at a rate in Hz."""

SHORTEST_READ_S: Final = 10.0
"""A stretch shorter than that is not read."""
BASELINE_HZ: Final = 0.5
"""What moves more slowly is not drawn."""

_SHORTEST_FILTERED_S: Final = 2.0
_PAD_S: Final = 1.0
_ROUNDING: Final = 1e-6
"""Of times, in samples."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples in a row, all of them measured.

    Parameters
    ----------
    begin_s
        Time of the first sample from the recording's first one, s.
    rate_hz
        Sample rate.
    millivolts
        ``NDArray[float64]``, shape (n,), mV, at least one, all finite.
    reading
        What was read off it; None where it was not read.
    """

    begin_s: float
    rate_hz: float
    millivolts: Floats
    reading: RecordingReading | None = None

    @property
    def end_s(self) -> float:
        """Time at which the next sample would be, s."""
        return self.begin_s + self.millivolts.size / self.rate_hz

    @property
    def is_long_enough(self) -> bool:
        """Whether it can be read."""
        return self.millivolts.size >= SHORTEST_READ_S * self.rate_hz

    def without_baseline(self) -> "Stretch":
        """Subtract what is slower than `BASELINE_HZ`, with no shift in time.

        Of a stretch too short for that its median is subtracted.
        """
        x = self.millivolts
        if x.size < _SHORTEST_FILTERED_S * self.rate_hz:
            return replace(self, millivolts=x - np.median(x))
        sections = signal.butter(2, BASELINE_HZ, "highpass", fs=self.rate_hz, output="sos")
        gentle: Floats = signal.sosfiltfilt(sections, x, padlen=min(x.size - 1, round(_PAD_S * self.rate_hz)))
        return replace(self, millivolts=gentle)

    def between(self, begin_s: float, end_s: float) -> "Stretch | None":
        """Give its samples from one time up to another, unread; None where there are none."""
        bounds = [ceil((time_s - self.begin_s) * self.rate_hz - _ROUNDING) for time_s in (begin_s, end_s)]
        first, end = (min(max(bound, 0), self.millivolts.size) for bound in bounds)
        if first >= end:
            return None
        return Stretch(self.begin_s + first / self.rate_hz, self.rate_hz, self.millivolts[first:end])


def cut(millivolts: Floats, rate_hz: float, begin_s: float = 0.0) -> tuple[Stretch, ...]:
    """Cut where samples are missing.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n,), mV; what is not finite was not measured.
    rate_hz
        Sample rate.
    begin_s
        Time of the first sample, s.

    Returns
    -------
    tuple of Stretch
        In order; none where nothing was measured.
    """
    measured = np.concatenate([[False], np.isfinite(millivolts), [False]])
    bounds = np.flatnonzero(measured[1:] != measured[:-1]).reshape(-1, 2).tolist()
    return tuple(Stretch(begin_s + first / rate_hz, rate_hz, millivolts[first:end]) for first, end in bounds)


@dataclass(frozen=True, slots=True)
class View:
    """The part of a recording that is drawn, s from its first sample; ``end_s`` is later than ``begin_s``."""

    begin_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not self.begin_s < self.end_s:
            raise ValueError(f"a view from {self.begin_s} s to {self.end_s} s")

    @property
    def duration_s(self) -> float:
        """How long it is, s."""
        return self.end_s - self.begin_s

    def holds(self, time_s: float) -> bool:
        """Whether a moment lies in it."""
        return self.begin_s <= time_s < self.end_s

    def clip(self, begin_s: float, end_s: float) -> tuple[float, float] | None:
        """Give the part of a span that lies in it; None where there is none."""
        begin, end = max(begin_s, self.begin_s), min(end_s, self.end_s)
        return (begin, end) if begin < end else None

    def gaps(self, stretches: tuple[Stretch, ...]) -> Iterator[tuple[float, float]]:
        """Spans of it in which nothing was measured, s."""
        at = self.begin_s
        for stretch in stretches:
            # Less than half a sample between two is how times are rounded, not a gap.
            if stretch.begin_s - at > 0.5 / stretch.rate_hz and (span := self.clip(at, stretch.begin_s)):
                yield span
            at = max(at, stretch.end_s)
        if span := self.clip(at + 1e-9, self.end_s):
            yield span


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """All that a picture shows.

    Parameters
    ----------
    name, channel
        Of the recording.
    length_s
        Of the whole recording, s.
    start_s
        Time of its first sample, s since the Unix epoch; None where it does not say.
    view
        The part to draw.
    stretches
        What was measured in the view, and round it, in order.
    pack
        Label of the pack that read it; None where nothing was to be read.
    """

    name: str
    channel: str
    length_s: float
    start_s: float | None
    view: View
    stretches: tuple[Stretch, ...]
    pack: str | None = None

    def read_with(self, read: ReadRecording, pack: str) -> "Strip":
        """Add readings of all stretches that are long enough, by a pack."""
        stretches = tuple(
            replace(stretch, reading=read(stretch.millivolts, stretch.rate_hz)) if stretch.is_long_enough else stretch
            for stretch in self.stretches
        )
        return replace(self, stretches=stretches, pack=pack)

    def seen(self) -> tuple[Stretch, ...]:
        """Give the samples in view, without their baseline."""
        view = self.view
        near = (stretch for stretch in self.stretches if view.clip(stretch.begin_s, stretch.end_s))
        cuts = (stretch.without_baseline().between(view.begin_s, view.end_s) for stretch in near)
        return tuple(stretch for stretch in cuts if stretch is not None)
