"""What a peer says, in the form in which our own reader says it: the scorers take nothing else."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.outcome import Span
from edge.waves.figures import Figure, Measurements, Quality, Withheld
from edge.waves.marks import Floats, WaveMarks
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import Grade, Track

WAVE_FIELDS: Final = ("p_on", "p_peak", "p_off", "qrs_on", "qrs_off", "t_on", "t_peak", "t_off")
_SAYS_NOTHING: Final = Track(*(np.empty((0, columns), np.float32) for columns in (4, 6, 3, 3)))
_NOT_GIVEN: Final = Figure(None, None, 0, Withheld.TOO_FEW_BEATS)


def marks_of(r: Floats, rate_hz: float, n_samples: int, waves: dict[str, Floats] | None = None) -> WaveMarks:
    """Take beats, and what is known of their waves.

    Parameters
    ----------
    r
        Shape (n,), samples, not decreasing.
    rate_hz, n_samples
        Of the stretch.
    waves
        By name of `WAVE_FIELDS`: shape (n,), samples, NaN where there is none; those left out are all NaN.
    """
    known = {name: np.full(r.size, np.nan) for name in WAVE_FIELDS} | (waves or {})
    return WaveMarks(rate_hz, n_samples, r, np.zeros(r.size, np.int64), np.ones(r.size), **known)


def reading_of(marks: WaveMarks, figures: dict[str, float], grade: Grade = Grade.WAVES) -> RecordingReading:
    """Take marks and figures of a stretch as those of one window that is as long.

    Parameters
    ----------
    marks
        Of the stretch.
    figures
        ``heart_rate_bpm``, ``pr_ms``, ``qrs_ms``, ``qt_ms``; one that is left out or NaN is not given.
    grade
        What the peer would use it for; it is measured all the same.
    """
    given = {name: Figure(value, 0.0, len(marks)) for name, value in figures.items() if np.isfinite(value)}
    all_figures = {
        name: given.get(name, _NOT_GIVEN)
        for name in Measurements.__dataclass_fields__
        if name not in {"rhythm", "rhythm_probability", "beats"}
    }
    measured = Measurements(**all_figures, rhythm=None, rhythm_probability=(0.0, 0.0, 0.0), beats={})
    span = Span(0, marks.n_samples, 0.0, marks.n_samples / marks.rate_hz, 0.0)
    window = WindowReading(span, Quality(grade, None, "", ()), marks, _SAYS_NOTHING, measured)
    return RecordingReading(marks, _SAYS_NOTHING, (), (window,))


def beats_only(r: NDArray[np.integer], rate_hz: float, n_samples: int) -> RecordingReading:
    """Take nothing but beats, samples."""
    places = np.sort(np.asarray(r, np.float64))
    return reading_of(marks_of(places[(places >= 0) & (places < n_samples)], rate_hz, n_samples), {})
