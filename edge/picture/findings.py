"""What the readings of a picture say, put together: its beats, its rhythm and its figures."""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.picture.strip import Strip
from edge.waves.figures import Figure, Measurements, SecondQuality, Withheld
from edge.waves.marks import BEAT_CLASSES, BeatClass, WaveMarks
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import RATE_HZ, Grade

FIGURES: Final = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms")
"""Fields of `Measurements` that a picture states."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A beat of a picture.

    Parameters
    ----------
    time_s
        Of its R, s from the recording's first sample.
    class_
        What it is.
    rr_s
        Interval from the beat before it, s; None where that is not known.
    waves
        Spans of P, QRS and T, s from the recording's first sample; without those that are absent or unsure.
    """

    time_s: float
    class_: BeatClass
    rr_s: float | None
    waves: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is stated above a picture.

    Parameters
    ----------
    figures
        By the names in `FIGURES`: the median over the windows in view that have it, `Figure.n` of them; or the reason
        that most of them give.
    rhythm
        The rhythm of most windows in view; ``unclassified`` or ``unreadable`` where it cannot be told.
    n_windows, n_agreeing
        Windows in view, and those of them that have this rhythm.
    """

    figures: dict[str, Figure]
    rhythm: str
    n_windows: int
    n_agreeing: int


def beats_of(strip: Strip) -> tuple[Beat, ...]:
    """All beats in view, without those of seconds in which not even beats can be found."""
    return tuple(
        beat
        for stretch in strip.stretches
        if stretch.reading is not None
        for beat in _beats(stretch.reading, stretch.begin_s)
        if strip.view.holds(beat.time_s)
    )


def findings_of(strip: Strip) -> Findings:
    """Put together what the windows in view say."""
    windows = _windows_in_view(strip)
    measured = [window.measurements for window in windows if window.measurements is not None]
    rhythms = Counter("unclassified" if one.rhythm is None else one.rhythm.value for one in measured)
    said = {name: count for name, count in rhythms.items() if name != "unclassified"} or rhythms
    rhythm = max(said, key=lambda name: said[name], default="unreadable")
    n_agreeing = rhythms[rhythm] if measured else len(windows)
    return Findings({name: _median(name, measured) for name in FIGURES}, rhythm, len(windows), n_agreeing)


def _windows_in_view(strip: Strip) -> list[WindowReading]:
    return [
        window
        for stretch in strip.stretches
        if stretch.reading is not None
        for k, window in enumerate(stretch.reading.windows)
        if strip.view.clip(*_window_span(stretch.begin_s, k, window))
    ]


def _window_span(begin_s: float, k: int, window: WindowReading) -> tuple[float, float]:
    # Windows do not overlap and leave nothing out but the end, so their number is their place.
    length_s = window.marks.n_samples / RATE_HZ
    return begin_s + k * length_s, begin_s + (k + 1) * length_s


def _median(name: str, measured: list[Measurements]) -> Figure:
    figures = [getattr(one, name) for one in measured]
    values = [figure.value for figure in figures if figure.value is not None]
    if not values:
        reasons = Counter(figure.withheld for figure in figures)
        return Figure(None, None, 0, reasons.most_common(1)[0][0] if reasons else Withheld.UNREADABLE)
    spreads = [figure.spread for figure in figures if figure.spread is not None]
    return Figure(median(values), median(spreads) if spreads else None, len(values))


def _beats(reading: RecordingReading, begin_s: float) -> list[Beat]:
    marks, beats, before = reading.marks, list[Beat](), None
    times_s = marks.r / marks.rate_hz
    for row, at_s in enumerate(times_s.tolist()):
        grade = _grade_at(at_s, reading.seconds)
        if grade is Grade.NOTHING:
            before = None
            continue
        beats.append(
            Beat(
                time_s=begin_s + at_s,
                class_=BEAT_CLASSES[int(marks.classes[row])],
                rr_s=None if before is None else at_s - before,
                waves=_waves(marks, row, begin_s) if grade is Grade.WAVES else {},
            )
        )
        before = at_s
    return beats


def _grade_at(at_s: float, seconds: tuple[SecondQuality, ...]) -> Grade:
    return seconds[min(int(at_s), len(seconds) - 1)].grade if seconds else Grade.WAVES


def _waves(marks: WaveMarks, row: int, begin_s: float) -> dict[str, tuple[float, float]]:
    spans: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {
        "P": (marks.p_on, marks.p_off),
        "QRS": (marks.qrs_on, marks.qrs_off),
        "T": (marks.t_on, marks.t_off),
    }
    found = {name: (float(on[row]), float(off[row])) for name, (on, off) in spans.items()}
    return {
        name: (begin_s + on / marks.rate_hz, begin_s + off / marks.rate_hz)
        for name, (on, off) in found.items()
        if on < off  # false where one of them is NaN
    }
