"""Measures a window: marks and signal in, figures with their spread, or the reason why not, out.

A figure is the median over the beats of the window that may be measured (see `edge.waves.measurable`), so that one bad
mark in five moves it little; its spread is 1.4826 times the median absolute deviation. It rests on `FEWEST_BEATS` or
more, and is withheld where the beats do not agree on it.

QT is corrected for the rate with the mean interval of the window, not with the one before each beat: QT follows the
rate over minutes, so one beat's interval corrects too much in respiratory arrhythmia, and in an irregular rhythm it is
averages that are compared (AHA/ACCF/HRS 2009, Rautaharju, Circulation 119:e241). Bazett 1920, Fridericia 1920; the
linear one of Framingham is Sagie 1992 (Am J Cardiol 70:797).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.variability import NEIGHBOURS, normal_intervals, normal_steps_s, rmssd_s, sdnn_s, too_few_left
from edge.waves.figures import Figure, Measurements, Withheld
from edge.waves.gentle import LEVEL_S, gentle, means_at
from edge.waves.marks import RHYTHMS, Floats, Rhythm, WaveMarks
from edge.waves.measurable import EDGE_S, Beats, Rows, beats_of, mean_interval_s
from edge.waves.track import Grade

FEWEST_BEATS: Final = 3
"""The fewest whose median one wrong beat does not decide."""
AF_PROBABILITY: Final = 0.5
"""From here on, where it leads, P and PR have no meaning."""
RHYTHM_PROBABILITY: Final = 0.6
"""A rhythm less likely than this is not named."""
J_TO_ST_S: Final = 0.06
"""Where ST is measured, after the end of QRS."""
PR_MS: Final = (60.0, 400.0)
QRS_MS: Final = (30.0, 250.0)
QT_MS: Final = (200.0, 700.0)
"""What one beat's interval may be; beyond these (short PR of pre-excitation, longest reported QT) a mark is wrong."""
_PR_SPREAD_MS, _QRS_SPREAD_MS, _QT_SPREAD_MS = 30.0, 25.0, 50.0
"""Widest spreads of what a median can stand for.

In one person within ten seconds PR and QT vary by some 5 ms and QRS by less, and experts place the onset of P, the
onset and end of QRS and the end of T with standard deviations of 5, 3, 6 and 15 ms (CSE Working Party, Eur Heart J
6:815, 1985: half the limits given there). These are three to five times the sum of the two."""
_P_SPREAD_MV, _T_SPREAD_MV, _ST_SPREAD_MV = 0.1, 0.3, 0.1
"""Likewise: ST deviates from 0.1 mV on; the T of a deep breath is up to a third higher."""
_SEEN_BEFORE_S, _SEEN_AFTER_S = 0.25, 0.6
"""With this much signal before (after) the onset of QRS, its P (the end of its T) lies in the window, if there is one.
"""
_MAD_TO_SIGMA: Final = 1.4826
_PEAK_SAMPLES: Final = 3


def measure(
    marks: WaveMarks, millivolts: Floats, rhythm_probability: tuple[float, float, float], grade: Grade
) -> Measurements:
    """Measure a window that can be read at all.

    Parameters
    ----------
    marks
        Its beats and waves.
    millivolts
        ``NDArray[float64]``, shape (marks.n_samples,), mV, unfiltered.
    rhythm_probability
        Of `RHYTHMS`.
    grade
        ``WAVES``, or ``RATE`` to measure the heart rate only.

    Raises
    ------
    ValueError
        If the grade says that there is nothing to measure.
    """
    if grade is Grade.NOTHING:
        raise ValueError("nothing can be measured in a window that cannot be read")
    beats = beats_of(marks)
    rr_s = beats.marks.rr_s
    leading = RHYTHMS[int(np.argmax(rhythm_probability))]
    af = leading is Rhythm.AF and max(rhythm_probability) >= AF_PROBABILITY
    if grade is Grade.RATE:
        sdnn = rmssd = pr = qrs = qt = p = t = st = _withheld(Withheld.UNREADABLE)
    else:
        sdnn, rmssd = _variability(beats, rr_s, af=af)
        pr, qrs, qt, p, t, st = _waves(beats, millivolts, af=af)
    mean_s = mean_interval_s(rr_s) if rr_s.size else None
    bazett, fridericia, framingham = _corrected(qt, mean_s)
    return Measurements(
        heart_rate_bpm=_heart_rate(rr_s, mean_s),
        sdnn_ms=sdnn,
        rmssd_ms=rmssd,
        pr_ms=pr,
        qrs_ms=qrs,
        qt_ms=qt,
        qtc_bazett_ms=bazett,
        qtc_fridericia_ms=fridericia,
        qtc_framingham_ms=framingham,
        p_mv=p,
        t_mv=t,
        st_mv=st,
        rhythm=leading if max(rhythm_probability) >= RHYTHM_PROBABILITY else None,
        rhythm_probability=rhythm_probability,
        beats=beats.counts,
    )


def _withheld(reason: Withheld, n: int = 0) -> Figure:
    return Figure(None, None, n, reason)


def _heart_rate(rr_s: Floats, mean_s: float | None) -> Figure:
    if mean_s is None:
        return _withheld(Withheld.TOO_FEW_BEATS)
    _, spread, _ = medians(60.0 / rr_s[None])
    return Figure(60.0 / mean_s, float(spread[0]), rr_s.size)


def _variability(beats: Beats, rr_s: Floats, *, af: bool) -> tuple[Figure, Figure]:
    """SDNN and RMSSD of the intervals between two beats of class N that are also normal among their neighbours."""
    if rr_s.size < NEIGHBOURS:
        return _withheld(Withheld.TOO_FEW_BEATS), _withheld(Withheld.TOO_FEW_BEATS)
    between = beats.normal[1:] & beats.normal[:-1]
    normal = normal_intervals(rr_s) & between
    n = int(np.count_nonzero(normal))
    if af or too_few_left(rr_s, normal):
        ectopic = beats.ectopic and too_few_left(rr_s, between)
        reason = Withheld.AF if af else Withheld.ECTOPIC if ectopic else Withheld.SCATTERED
        return _withheld(reason, n), _withheld(reason, n)
    steps_s = normal_steps_s(rr_s, normal)
    return (
        Figure(1e3 * sdnn_s(rr_s[normal]), None, n),
        Figure(1e3 * rmssd_s(steps_s), None, steps_s.size),
    )


def _corrected(qt: Figure, mean_s: float | None) -> tuple[Figure, Figure, Figure]:
    """QTc by Bazett, Fridericia and Framingham."""
    if qt.value is None or qt.spread is None or mean_s is None:
        return qt, qt, qt
    root, cube = mean_s**-0.5, mean_s ** (-1 / 3)
    return (
        Figure(qt.value * root, qt.spread * root, qt.n),
        Figure(qt.value * cube, qt.spread * cube, qt.n),
        Figure(qt.value + 154.0 * (1.0 - mean_s), qt.spread, qt.n),
    )


def _waves(beats: Beats, millivolts: Floats, *, af: bool) -> tuple[Figure, ...]:
    """PR, QRS, QT, P, T and ST."""
    if 2 * beats.ectopic > len(beats):
        return (_withheld(Withheld.ECTOPIC),) * 6
    depolarised, repolarised = beats.depolarisation, beats.repolarisation
    values = _values(beats, millivolts)
    middle, spread, counts = medians(values)
    marks, has = beats.marks, np.isfinite(values)
    has_p, has_t = has[0], has[2]
    # A beat without the wave tells something only where the wave would lie in the window.
    p_seen = (depolarised & (has_p | (marks.qrs_on >= _SEEN_BEFORE_S * marks.rate_hz))).sum()
    t_seen = (repolarised & (has_t | (marks.qrs_on + _SEEN_AFTER_S * marks.rate_hz < marks.n_samples))).sum()
    few = Withheld.ECTOPIC if beats.ectopic else Withheld.TOO_FEW_BEATS
    no_qrs = few if depolarised.sum() < FEWEST_BEATS else None
    no_st = few if repolarised.sum() < FEWEST_BEATS else None
    no_p = Withheld.AF if af else no_qrs or (Withheld.NO_P if 2 * has_p.sum() < p_seen else None)
    no_t = no_st or (Withheld.NO_T_END if 2 * has_t.sum() < t_seen else None)
    return tuple(
        _figure(*facts)
        for facts in zip(
            middle.tolist(), spread.tolist(), counts.tolist(), _WIDEST, (no_p, no_qrs, no_t, no_p, no_t, no_st),
            strict=True,
        )
    )  # fmt: skip


_WIDEST: Final = (_PR_SPREAD_MS, _QRS_SPREAD_MS, _QT_SPREAD_MS, _P_SPREAD_MV, _T_SPREAD_MV, _ST_SPREAD_MV)


def _figure(middle: float, spread: float, n: int, widest: float, reason: Withheld | None) -> Figure:
    if reason is None and n < FEWEST_BEATS:
        reason = Withheld.TOO_FEW_BEATS
    if reason is None and spread > widest:
        reason = Withheld.SCATTERED
    return _withheld(reason, n) if reason else Figure(middle, spread, n)


def _values(beats: Beats, millivolts: Floats) -> Floats:
    """PR, QRS, QT (ms), P, T and ST (mV) of each beat, shape (6, n), NaN where a beat has none."""
    marks, ms = beats.marks, 1e3 / beats.marks.rate_hz
    edge = EDGE_S * marks.rate_hz
    p_on = np.where(marks.p_on >= edge, marks.p_on, np.nan)
    t_off = np.where(marks.t_off <= marks.n_samples - 1 - edge, marks.t_off, np.nan)
    values = np.empty((6, len(marks)))
    values[0], values[1], values[2] = (
        _between((marks.qrs_on - p_on) * ms, PR_MS, beats.depolarisation),
        _between((marks.qrs_off - marks.qrs_on) * ms, QRS_MS, beats.depolarisation),
        _between((t_off - marks.qrs_on) * ms, QT_MS, beats.repolarisation),
    )
    level = gentle(millivolts, marks.rate_hz, marks.qrs_on[beats.depolarisation])
    st_place = marks.qrs_off + J_TO_ST_S * marks.rate_hz
    inside = beats.repolarisation & (st_place <= marks.n_samples - 1 - edge)
    peaks = np.stack([marks.p_peak, marks.t_peak])
    peaks[np.isnan(values[::2][:2])] = np.nan
    values[3:5] = means_at(level, peaks, _PEAK_SAMPLES)
    values[5] = means_at(level, np.where(inside, st_place, np.nan), round(LEVEL_S * marks.rate_hz))
    return values


def _between(values: Floats, limits: tuple[float, float], rows: Rows) -> Floats:
    """The values of these rows that lie within limits, NaN in place of the others."""
    return np.where(rows & (values >= limits[0]) & (values <= limits[1]), values, np.nan)


def medians(rows: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Median, 1.4826 times the median absolute deviation, and number, of what is finite in each row.

    Parameters
    ----------
    rows
        Shape (m, n), NaN where there is nothing.

    Returns
    -------
    tuple
        Shape (m,) each; NaN in a row of nothing.
    """
    counts = np.isfinite(rows).sum(axis=1)
    middle = _middle(rows, counts)
    return middle, _MAD_TO_SIGMA * _middle(np.abs(rows - middle[:, None]), counts), counts


def _middle(rows: Floats, counts: NDArray[np.int64]) -> Floats:
    if rows.shape[1] == 0:
        return np.full(len(rows), np.nan)
    ordered, row = np.sort(rows, axis=1), np.arange(len(rows))
    # NaN are sorted to the end; of none the first is one.
    low, high = np.maximum(counts - 1, 0) // 2, np.minimum(counts // 2, rows.shape[1] - 1)
    return 0.5 * (ordered[row, low] + ordered[row, high])
