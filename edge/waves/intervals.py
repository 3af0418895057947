"""Measures a window: marks and signal in, figures with their spread, or the reason why not, out.

A figure is the median over the beats of the window that may be measured (see `edge.waves.measurable`), so that one bad
mark in five moves it little; its spread is 1.4826 times the median absolute deviation. It rests on `FEWEST_BEATS` or
more, and is withheld where the beats do not agree on it.

QT is corrected for the rate with the mean interval of the window, not with the one before each beat: QT follows the
rate over minutes, so one beat's interval corrects too much in respiratory arrhythmia, and in an irregular rhythm it is
averages that are compared (AHA/ACCF/HRS 2009, Rautaharju, Circulation 119:e241). Bazett 1920, Fridericia 1920; the
linear one of Framingham is Sagie 1992 (Am J Cardiol 70:797).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise
from math import isnan, nan
from typing import Final

import numpy as np

from edge.variability import NEIGHBOURS, normal_intervals, normal_steps_s, rmssd_s, sdnn_s, too_few_left
from edge.waves.figures import Figure, Measurements, Withheld
from edge.waves.gentle import LEVEL_S, Gentle
from edge.waves.marks import RHYTHMS, Floats, Rhythm, WaveMarks
from edge.waves.measurable import EDGE_S, Beats, beats_of, mean_interval_s
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
    rr_s = beats.rr_s
    leading = RHYTHMS[rhythm_probability.index(max(rhythm_probability))]
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
    _, spread, _ = _median((60.0 / rr_s).tolist())
    return Figure(60.0 / mean_s, spread, rr_s.size)


def _variability(beats: Beats, rr_s: Floats, *, af: bool) -> tuple[Figure, Figure]:
    """SDNN and RMSSD of the intervals between two beats of class N that are also normal among their neighbours."""
    if rr_s.size < NEIGHBOURS:
        return _withheld(Withheld.TOO_FEW_BEATS), _withheld(Withheld.TOO_FEW_BEATS)
    between = np.array([a and b for a, b in pairwise(beats.normal)])
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
    pr, qrs, qt = _intervals_ms(beats)
    middle, spread, counts = medians((pr, qrs, qt, *_heights_mv(beats, millivolts, pr, qt)))
    # A beat without the wave tells something only where the wave would lie in the window.
    before, after = _SEEN_BEFORE_S * beats.marks.rate_hz, _SEEN_AFTER_S * beats.marks.rate_hz
    on, end = beats.marks.qrs_on.tolist(), beats.marks.n_samples
    p_seen = sum(ok and (on >= before or not isnan(ms)) for ok, ms, on in zip(depolarised, pr, on, strict=True))
    t_seen = sum(ok and (on + after < end or not isnan(ms)) for ok, ms, on in zip(repolarised, qt, on, strict=True))
    few = Withheld.ECTOPIC if beats.ectopic else Withheld.TOO_FEW_BEATS
    no_qrs = few if sum(depolarised) < FEWEST_BEATS else None
    no_st = few if sum(repolarised) < FEWEST_BEATS else None
    no_p = Withheld.AF if af else no_qrs or (Withheld.NO_P if 2 * counts[0] < p_seen else None)
    no_t = no_st or (Withheld.NO_T_END if 2 * counts[2] < t_seen else None)
    reasons = (no_p, no_qrs, no_t, no_p, no_t, no_st)
    return tuple(map(_figure, middle, spread, counts, _WIDEST, reasons))


_WIDEST: Final = (_PR_SPREAD_MS, _QRS_SPREAD_MS, _QT_SPREAD_MS, _P_SPREAD_MV, _T_SPREAD_MV, _ST_SPREAD_MV)


def _figure(middle: float, spread: float, n: int, widest: float, reason: Withheld | None) -> Figure:
    if reason is None and n < FEWEST_BEATS:
        reason = Withheld.TOO_FEW_BEATS
    if reason is None and spread > widest:
        reason = Withheld.SCATTERED
    return _withheld(reason, n) if reason else Figure(middle, spread, n)


def _intervals_ms(beats: Beats) -> Iterator[list[float]]:
    """PR, QRS and QT of each beat, ms, NaN where it has none that is whole and may be measured."""
    marks, edge = beats.marks, EDGE_S * beats.marks.rate_hz
    last, to_ms = marks.n_samples - 1 - edge, 1e3 / marks.rate_hz
    on, off = marks.qrs_on.tolist(), marks.qrs_off.tolist()
    for begins, ends, measured, (shortest, longest) in (
        (marks.p_on.tolist(), on, beats.depolarisation, PR_MS),
        (on, off, beats.depolarisation, QRS_MS),
        (on, marks.t_off.tolist(), beats.repolarisation, QT_MS),
    ):
        # Comparing with NaN says no: what has no beginning or no end is not whole.
        yield [
            ms if ok and begin >= edge and end <= last and shortest <= (ms := (end - begin) * to_ms) <= longest else nan
            for ok, begin, end in zip(measured, begins, ends, strict=True)
        ]


def _heights_mv(beats: Beats, millivolts: Floats, pr: list[float], qt: list[float]) -> tuple[list[float], ...]:
    """Heights of P and T, and the level of ST, of the beats that have them, mV."""
    marks, rate_hz = beats.marks, beats.marks.rate_hz
    last, to_st = marks.n_samples - 1 - EDGE_S * rate_hz, J_TO_ST_S * rate_hz
    p, t = (
        [peak for peak, ms in zip(peaks.tolist(), intervals, strict=True) if not isnan(peak + ms)]
        for peaks, intervals in ((marks.p_peak, pr), (marks.t_peak, qt))
    )
    ends = compress(marks.qrs_off.tolist(), beats.repolarisation)
    st = [place for end in ends if (place := end + to_st) <= last]
    level = Gentle(millivolts, rate_hz, marks.qrs_on[np.array(beats.depolarisation, np.bool_)])
    heights = level.means_at(p + t, _PEAK_SAMPLES)
    return heights[: len(p)], heights[len(p) :], level.means_at(st, round(LEVEL_S * rate_hz))


def medians(
    rows: Iterable[Sequence[float]],
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]:
    """Median, 1.4826 times the median absolute deviation, and number, of what is there in each row.

    Parameters
    ----------
    rows
        m of any length, NaN where there is nothing.

    Returns
    -------
    tuple
        Of m each; NaN in a row of nothing.
    """
    middle, spread, counts = zip(*map(_median, rows), strict=True)
    return middle, spread, counts


def _median(values: Sequence[float]) -> tuple[float, float, int]:
    """Median, 1.4826 times the median absolute deviation, and number, of the values that are not NaN."""
    there = sorted(value for value in values if not isnan(value))
    middle = _middle(there)
    return middle, _MAD_TO_SIGMA * _middle(sorted(abs(value - middle) for value in there)), len(there)


def _middle(ordered: Sequence[float]) -> float:
    n = len(ordered)
    return 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2]) if n else nan
