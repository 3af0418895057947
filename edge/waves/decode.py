"""From what the network says along a stretch to beats, and where their waves begin, peak and end."""

from bisect import bisect_left
from collections.abc import Sequence
from math import inf, nan
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from edge.waves.marks import BEAT_CLASSES, RHYTHMS, BeatClass, Floats, Rhythm, WaveMarks
from edge.waves.peaks import peaks_of, running_mean
from edge.waves.runs import Run, runs_of
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Segment, Track

_BEAT_STEPS: Final = 5
"""Steps a beat is told on: those within 31 ms of its middle."""
_LEAST_BEAT: Final = 0.4
_REFRACTORY_STEPS: Final = 12
"""0.2 s: 300 beats a minute."""
_BESIDE_STEPS: Final = 3
"""On either side of a beat's likeliest step: these say where it lies, and of which class it is."""
_BESIDE: Final = np.arange(-_BESIDE_STEPS, _BESIDE_STEPS + 1)
_RHYTHM_STEPS: Final = 320
_AF: Final = 0.5
_QRS_REACH: Final = 0.12 * RATE_HZ
_P_REACH: Final = 0.45 * RATE_HZ
_T_REACH: Final = 0.70 * RATE_HZ

_OfBeats: TypeAlias = list[Run | None]
"""The wave of each beat, None where it has none."""


class _Beat(NamedTuple):
    """A beat: its place, index of its class, how sure it is, and its QRS complex."""

    r: float
    class_: int
    confidence: float
    qrs: Run | None

    @property
    def begin(self) -> float:
        return self.qrs.on if self.qrs else self.r

    @property
    def end(self) -> float:
        return self.qrs.off if self.qrs else self.r


def decode(track: Track, wave: NDArray[np.floating[Any]]) -> WaveMarks:
    """Mark the beats and waves of a stretch.

    Parameters
    ----------
    track
        What the network says.
    wave
        Shape (track.n_samples,): the signal without its baseline, any unit, for the peaks of P and T.
    """
    fibrillating, runs = _fibrillating(track), runs_of(track)
    beats = _beats(track, fibrillating, runs[Segment.QRS])
    begins, ends = [beat.begin for beat in beats], [beat.end for beat in beats]
    without_p = fibrillating.tolist()
    p = _p_waves([run for run in runs[Segment.P] if not without_p[run.begin // STEP_SAMPLES]], begins, ends)
    t = _t_waves(runs[Segment.T], begins, ends)
    n, places = len(beats), _places([*p, *t], wave)
    (p_on, p_peak, p_off), (t_on, t_peak, t_off) = places[:, :n], places[:, n:]
    complexes = [(beat.r, beat.confidence, *(beat.qrs[2:4] if beat.qrs else (nan, nan))) for beat in beats]
    r, confidence, qrs_on, qrs_off = np.array(complexes, np.float64).reshape(-1, 4).T
    classes = np.array([beat.class_ for beat in beats], np.int64)
    return WaveMarks(
        RATE_HZ, track.n_samples, r, classes, confidence, p_on, p_peak, p_off, qrs_on, qrs_off, t_on, t_peak, t_off
    )


def _fibrillating(track: Track) -> NDArray[np.bool_]:
    """Where the atria fibrillate, step by step: there is no P wave there, and no beat comes before its time."""
    likely = track.rhythms[:, RHYTHMS.index(Rhythm.AF)]
    if likely.max(initial=0.0) < _AF:  # nor is any mean as high
        return np.zeros(likely.size, np.bool_)
    return np.asarray(ndimage.uniform_filter1d(likely, _RHYTHM_STEPS, mode="nearest") >= _AF)


def _beats(track: Track, fibrillating: NDArray[np.bool_], qrs_runs: Sequence[Run]) -> list[_Beat]:
    """The beats in order, each with its QRS complex, in the middle of which it then lies."""
    middles, classes, confidence = _told(track, fibrillating)
    found = zip(middles, classes, confidence, _qrs_of(middles, qrs_runs), strict=True)
    beats = [_Beat(qrs.centre if qrs else middle, class_, sure, qrs) for middle, class_, sure, qrs in found]
    return sorted(beats, key=lambda beat: beat.r)


def _told(track: Track, fibrillating: NDArray[np.bool_]) -> tuple[list[float], list[int], list[float]]:
    """Middles of beats in samples, their classes, and how sure they are."""
    n = len(track.beats)
    there = np.zeros(n + 2 * _BESIDE_STEPS)
    there[_BESIDE_STEPS:-_BESIDE_STEPS] = 1.0 - track.beats[:, 0].astype(np.float64)
    margin = _BESIDE_STEPS - _BEAT_STEPS // 2
    sure = running_mean(there[margin:-margin], _BEAT_STEPS)
    peaks = peaks_of(sure, least=_LEAST_BEAT, apart=_REFRACTORY_STEPS)
    beside = peaks[:, None] + _BESIDE
    weight = there[beside + _BESIDE_STEPS]
    aside = np.add.reduce(weight * _BESIDE, axis=1) / np.add.reduce(weight, axis=1)
    middle = (peaks + aside) * STEP_SAMPLES + (STEP_SAMPLES - 1) / 2
    votes = np.add.reduce(weight[:, :, None] * track.beats.take(beside, axis=0, mode="clip")[:, :, 1:], axis=1)
    votes[fibrillating[peaks], BEAT_CLASSES.index(BeatClass.SUPRAVENTRICULAR)] = 0.0
    told = zip(peaks.tolist(), sure[peaks].tolist(), strict=True)
    return middle.tolist(), votes.argmax(axis=1).tolist(), [min(p / _most_sure(peak, n), 1.0) for peak, p in told]


def _most_sure(peak: int, n_steps: int) -> float:
    """How sure a beat could be at the most: at an end of the stretch it has fewer steps."""
    reach = _BEAT_STEPS // 2
    return (min(peak, reach) + min(n_steps - 1 - peak, reach) + 1) / _BEAT_STEPS


def _qrs_of(middles: Sequence[float], runs: Sequence[Run]) -> _OfBeats:
    """The complex nearest to each beat; of the beats nearest to the same one only the one least apart has it."""
    centres = [run.centre for run in runs]
    owners: dict[int, tuple[float, int]] = {}
    for beat, middle in enumerate(middles if centres else ()):
        at = _nearest(centres, middle)
        apart = abs(centres[at] - middle)
        if apart <= _QRS_REACH and (at not in owners or apart < owners[at][0]):
            owners[at] = (apart, beat)
    found: _OfBeats = [None] * len(middles)
    for at, (_, beat) in owners.items():
        found[beat] = runs[at]
    return found


def _nearest(centres: Sequence[float], place: float) -> int:
    """Index of the middle nearest to a place, of two the later one; there must be one."""
    right = min(bisect_left(centres, place), len(centres) - 1)
    left = max(right - 1, 0)
    return left if abs(centres[left] - place) < abs(centres[right] - place) else right


def _p_waves(runs: Sequence[Run], begins: Sequence[float], ends: Sequence[float]) -> _OfBeats:
    """Last P before each beat, behind the beat before it."""
    centres = [run.centre for run in runs]
    found: _OfBeats = []
    for end_before, begin in zip([-inf, *ends], begins, strict=False):
        at = bisect_left(centres, begin) - 1
        found.append(runs[at] if at >= 0 and centres[at] > max(end_before, begin - _P_REACH) else None)
    return found


def _t_waves(runs: Sequence[Run], begins: Sequence[float], ends: Sequence[float]) -> _OfBeats:
    """First T behind each beat, before the next one."""
    centres = [run.centre for run in runs]
    found: _OfBeats = []
    for end, next_begin in zip(ends, [*begins[1:], inf], strict=False):
        at = bisect_left(centres, end)
        found.append(runs[at] if at < len(runs) and centres[at] < min(next_begin, end + _T_REACH) else None)
    return found


def _places(runs: _OfBeats, wave: NDArray[np.floating[Any]]) -> Floats:
    """Onset, peak and end of the wave of each beat, shape (3, n_beats); NaN without one."""
    peaks = iter(_peaks([run for run in runs if run], wave))
    places = [(run.on, next(peaks), run.off) if run else (nan, nan, nan) for run in runs]
    return np.array(places, np.float64).reshape(-1, 3).T


def _peaks(runs: Sequence[Run], wave: NDArray[np.floating[Any]]) -> list[int]:
    """The sample of each run that is farthest from the middle between its first and its last one."""
    if not runs:
        return []
    begin, last = np.array([run[:2] for run in runs]).T
    place = np.minimum(begin[:, None] + np.arange(int((last - begin).max()) + 1), last[:, None])
    height = np.abs(wave[place] - 0.5 * (wave[begin] + wave[last])[:, None])
    peaks: list[int] = (begin + height.argmax(axis=1)).tolist()
    return peaks
