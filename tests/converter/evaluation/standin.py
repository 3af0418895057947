"""A stand-in for an analyser: readings made of marks, with errors that are known."""

import numpy as np

from edge.outcome import Span
from edge.waves.figures import GOOD, Figure, Measurements, Quality, Withheld
from edge.waves.marks import Rhythm, WaveMarks
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Grade, Track

WINDOW_SAMPLES = 2560
NO_FIGURE = Figure(None, None, 0, Withheld.TOO_FEW_BEATS)


def marks_of(duration_s, r_s, classes=None, p=None, qrs=None, t=None):
    """Marks of a stretch; `p`, `qrs` and `t` hold onset, peak and end of each beat's wave, s, shape (n, 3)."""
    r = np.asarray(r_s, np.float64) * RATE_HZ
    nothing = np.full((r.size, 3), np.nan)
    p, qrs, t = (nothing if w is None else np.asarray(w) * RATE_HZ for w in (p, qrs, t))
    return WaveMarks(
        RATE_HZ, round(duration_s * RATE_HZ), r,
        np.zeros(r.size, np.int64) if classes is None else np.asarray(classes, np.int64), np.ones(r.size),
        p[:, 0], p[:, 1], p[:, 2], qrs[:, 0], qrs[:, 2], t[:, 0], t[:, 1], t[:, 2],
    )  # fmt: skip


def track_of(n_samples, af=0.0):
    """A track that says nothing but the probability of AF: a number, or one for each step."""
    n = n_samples // STEP_SAMPLES
    rhythms = np.zeros((n, 3), np.float32)
    rhythms[:, 1] = af
    rhythms[:, 0] = 1.0 - rhythms[:, 1]
    return Track(
        np.zeros((n_samples, 4), np.float32), np.zeros((n, 6), np.float32), rhythms, np.zeros((n, 3), np.float32)
    )


def measured(bpm=None, rhythm=Rhythm.SINUS, **figures):
    """Measurements with a heart rate and any other figures; the rest is withheld."""
    given = {name: Figure(value, 1.0, 5) for name, value in figures.items()}
    names = ("sdnn_ms", "rmssd_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms")
    names += ("qtc_framingham_ms", "p_mv", "t_mv", "st_mv")
    others = {name: given.get(name, NO_FIGURE) for name in names}
    rate = NO_FIGURE if bpm is None else Figure(bpm, 1.0, 5)
    return Measurements(heart_rate_bpm=rate, **others, rhythm=rhythm, rhythm_probability=(1.0, 0.0, 0.0), beats={})


def reading_of(marks, *, af=0.0, grades=None, measurements=None):
    """A reading; each window has the grade and the measurements of its place, by default its own heart rate."""
    n_windows = marks.n_samples // WINDOW_SAMPLES
    track = track_of(marks.n_samples, af)
    windows = []
    for k in range(n_windows):
        begin, end = k * WINDOW_SAMPLES, (k + 1) * WINDOW_SAMPLES
        inside = marks.take((marks.r >= begin) & (marks.r < end))
        own = WaveMarks(
            RATE_HZ, WINDOW_SAMPLES, inside.r - begin, inside.classes, inside.confidence, inside.p_on, inside.p_peak,
            inside.p_off, inside.qrs_on, inside.qrs_off, inside.t_on, inside.t_peak, inside.t_off,
        )  # fmt: skip
        grade = Grade.WAVES if grades is None else grades[k]
        said = measured(_bpm(own)) if measurements is None else measurements[k]
        windows.append(
            WindowReading(
                Span(begin, WINDOW_SAMPLES, begin / RATE_HZ, WINDOW_SAMPLES / RATE_HZ, 0.0),
                Quality(grade, None, "", (GOOD,) * 10),
                own,
                track_of(WINDOW_SAMPLES),
                None if grade is Grade.NOTHING else said,
            )
        )
    return RecordingReading(marks, track, (GOOD,) * int(marks.n_samples / RATE_HZ), tuple(windows))


def _bpm(marks):
    return float(60.0 / marks.rr_s.mean()) if len(marks) > 1 else None
