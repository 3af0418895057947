"""From what the network says along a stretch to beats, and where their waves begin, peak and end."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from edge.waves.marks import BEAT_CLASSES, RHYTHMS, BeatClass, Floats, Rhythm, WaveMarks
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Segment, Track

_BEAT_STEPS: Final = 5
"""Steps a beat is told on: those within 31 ms of its middle."""
_LEAST_BEAT: Final = 0.4
_REFRACTORY_STEPS: Final = 12
"""0.2 s: 300 beats a minute."""
_JOIN_SAMPLES: Final = 10
"""A wave with a notch of up to 40 ms is one."""
_SHORTEST_SAMPLES: Final = {Segment.P: 8, Segment.QRS: 8, Segment.T: 12}
_RHYTHM_STEPS: Final = 320
_AF: Final = 0.5
_QRS_REACH_S: Final = 0.12
_P_REACH_S: Final = 0.45
_T_REACH_S: Final = 0.70


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Stretches of one wave each, in order: its kind, its first sample, the one behind its last, where they cross."""

    kind: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    on: Floats
    off: Floats
    centre: Floats

    def of(self, kind: Segment) -> "_Runs":
        return self.where(self.kind == kind)

    def where(self, rows: NDArray[np.bool_]) -> "_Runs":
        return _Runs(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return int(self.kind.size)


def decode(track: Track, wave: NDArray[np.floating[Any]]) -> WaveMarks:
    """Mark the beats and waves of a stretch.

    Parameters
    ----------
    track
        What the network says.
    wave
        Shape (track.n_samples,): the signal without its baseline, any unit, for the peaks of P and T.
    """
    middles, classes, confidence = _beats(track)
    runs = _runs(track)
    fibrillating = _fibrillating(track)
    qrs = runs.of(Segment.QRS)
    at = _nearest(qrs, middles)
    centre = qrs.centre[at] if len(qrs) else np.full(middles.size, np.inf)
    apart = np.abs(centre - middles)
    near = (apart <= _QRS_REACH_S * RATE_HZ) & _closest(at, apart)
    nothing = np.full(middles.size, np.nan)
    qrs_on, qrs_off, r = nothing.copy(), nothing.copy(), middles.copy()
    qrs_on[near], qrs_off[near], r[near] = qrs.on[at[near]], qrs.off[at[near]], qrs.centre[at[near]]
    order = np.argsort(r, kind="stable")
    r, confidence, qrs_on, qrs_off = r[order], confidence[order], qrs_on[order], qrs_off[order]
    begins, ends = np.where(np.isnan(qrs_on), r, qrs_on), np.where(np.isnan(qrs_off), r, qrs_off)
    p_runs = runs.of(Segment.P)
    p_runs = p_runs.where(~fibrillating[p_runs.begin])
    p = _p_waves(p_runs, begins, np.concatenate([[-np.inf], ends[:-1]]) if r.size else ends)
    t_runs = runs.of(Segment.T)
    t = _t_waves(t_runs, ends, np.concatenate([begins[1:], [np.inf]]) if r.size else begins)
    return WaveMarks(
        RATE_HZ, track.n_samples, r, classes[order], confidence,
        *_wave(p_runs, p, wave), qrs_on, qrs_off, *_wave(t_runs, t, wave),
    )  # fmt: skip


def _beats(track: Track) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Middles of beats in samples, their classes, and how sure they are."""
    there = 1.0 - track.beats[:, 0].astype(np.float64)
    sure = ndimage.uniform_filter1d(there, _BEAT_STEPS, mode="constant")
    peaks, _ = signal.find_peaks(np.concatenate([[0.0], sure, [0.0]]), height=_LEAST_BEAT, distance=_REFRACTORY_STEPS)
    peaks = np.asarray(peaks, np.int64) - 1
    reach = np.arange(-3, 4)
    place = peaks[:, None] + reach
    inside = (place >= 0) & (place < there.size)
    weight = np.where(inside, there[np.clip(place, 0, there.size - 1)], 0.0)
    total = weight.sum(axis=1)
    centre = peaks + (weight * reach).sum(axis=1) / np.maximum(total, 1e-9)
    votes = (weight[:, :, None] * track.beats[np.clip(place, 0, there.size - 1), 1:]).sum(axis=1)
    votes[_fibrillating(track)[peaks * STEP_SAMPLES], BEAT_CLASSES.index(BeatClass.SUPRAVENTRICULAR)] = 0.0
    classes = votes.argmax(axis=1) if peaks.size else np.empty(0, np.int64)
    middle = centre * STEP_SAMPLES + (STEP_SAMPLES - 1) / 2
    return middle, classes.astype(np.int64), np.minimum(sure[peaks] / _best(there, peaks), 1.0)


def _fibrillating(track: Track) -> NDArray[np.bool_]:
    """Where the atria fibrillate, sample by sample: there is no P wave there, and no beat comes before its time."""
    steps = ndimage.uniform_filter1d(track.rhythms[:, RHYTHMS.index(Rhythm.AF)], _RHYTHM_STEPS, mode="nearest")
    return np.repeat(steps >= _AF, STEP_SAMPLES)[: track.n_samples]


def _best(there: Floats, peaks: NDArray[np.int64]) -> Floats:
    """What a beat could come to at the most: at an end of the stretch it has fewer steps."""
    steps = np.minimum(peaks, _BEAT_STEPS // 2) + np.minimum(there.size - 1 - peaks, _BEAT_STEPS // 2) + 1
    return np.asarray(steps / _BEAT_STEPS)


def _runs(track: Track) -> _Runs:
    kinds = track.segments.argmax(axis=1)
    changes = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    begin, end = np.concatenate([[0], changes]), np.concatenate([changes, [kinds.size]])
    kind = kinds[begin]
    rows = kind != Segment.NONE
    kind, begin, end = kind[rows], begin[rows], end[rows]
    if kind.size:
        # A run joins the one before it where both are of one wave and little lies between.
        new = np.concatenate([[True], (kind[1:] != kind[:-1]) | (begin[1:] - end[:-1] > _JOIN_SAMPLES)])
        first = np.flatnonzero(new)
        last = np.concatenate([first[1:], [kind.size]]) - 1
        kind, begin, end = kind[first], begin[first], end[last]
    shortest = np.array([_SHORTEST_SAMPLES.get(Segment(k), 0) for k in range(len(Segment))])
    rows = end - begin >= shortest[kind]
    kind, begin, end = kind[rows], begin[rows], end[rows]
    on, off = _crossing(track, kind, begin, -1), _crossing(track, kind, end - 1, 1)
    return _Runs(kind, begin, end, on, off, _centres(track, kinds, begin, end))


def _crossing(track: Track, kind: NDArray[np.int64], inner: NDArray[np.int64], way: int) -> Floats:
    """Where, between the last sample of a run and the next one outwards, the wave is as likely as all else."""
    outer = np.clip(inner + way, 0, track.n_samples - 1)
    p_in, p_out = (track.segments[place, kind].astype(np.float64) for place in (inner, outer))
    share = (p_in - 0.5) / np.where(p_in == p_out, np.inf, p_in - p_out)
    return np.asarray(inner + way * np.clip(np.where(outer == inner, 0.0, share), 0.0, 1.0))


def _centres(track: Track, kinds: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
    """Middle of each run, weighted by how likely its wave is along it."""
    place = np.arange(track.n_samples)
    likely = np.where(kinds == Segment.NONE, 0.0, track.segments[place, kinds])
    mass = np.concatenate([[0.0], np.cumsum(likely)])
    moment = np.concatenate([[0.0], np.cumsum(likely * place)])
    return np.asarray((moment[end] - moment[begin]) / np.maximum(mass[end] - mass[begin], 1e-9))


def _nearest(runs: _Runs, place: Floats) -> NDArray[np.int64]:
    """Index of the run whose middle is nearest to each place; -1 without any."""
    if not len(runs):
        return np.full(place.size, -1)
    right = np.clip(np.searchsorted(runs.centre, place), 0, len(runs) - 1)
    left = np.maximum(right - 1, 0)
    closer = np.abs(runs.centre[left] - place) < np.abs(runs.centre[right] - place)
    return np.where(closer, left, right)


def _closest(at: NDArray[np.int64], apart: Floats) -> NDArray[np.bool_]:
    """Of the beats that are at one run, the one that is least apart from it: no run is two beats'."""
    order = np.lexsort((apart, at))
    rows = np.zeros(at.size, np.bool_)
    rows[order[np.flatnonzero(np.diff(at[order], prepend=-2))]] = True
    return rows


def _p_waves(runs: _Runs, qrs_on: Floats, end_before: Floats) -> NDArray[np.int64]:
    """Last P before each QRS, behind the QRS before it; -1 for none."""
    if not len(runs) or not qrs_on.size:
        return np.full(qrs_on.size, -1)
    at = np.searchsorted(runs.centre, qrs_on) - 1
    centre = np.where(at >= 0, runs.centre[at], -np.inf)
    return np.where((centre > end_before) & (centre > qrs_on - _P_REACH_S * RATE_HZ), at, -1)


def _t_waves(runs: _Runs, qrs_off: Floats, next_begin: Floats) -> NDArray[np.int64]:
    """First T behind each QRS, before the next one; -1 for none."""
    if not len(runs) or not qrs_off.size:
        return np.full(qrs_off.size, -1)
    at = np.searchsorted(runs.centre, qrs_off)
    centre = np.where(at < len(runs), runs.centre[np.minimum(at, len(runs) - 1)], np.inf)
    return np.where((centre < next_begin) & (centre < qrs_off + _T_REACH_S * RATE_HZ), at, -1)


def _wave(runs: _Runs, at: NDArray[np.int64], wave: NDArray[np.floating[Any]]) -> tuple[Floats, Floats, Floats]:
    """Onset, peak and end of the runs of these numbers; NaN for -1.

    The peak is the sample farthest from the middle between the wave's first and last one.
    """
    on, peak, off = np.full((3, at.size), np.nan)
    rows = np.flatnonzero(at >= 0)
    if rows.size == 0:
        return on, peak, off
    chosen = at[rows]
    begin, last = runs.begin[chosen], runs.end[chosen] - 1
    place = np.minimum(begin[:, None] + np.arange(int((last - begin).max()) + 1), last[:, None])
    height = np.abs(wave[place] - 0.5 * (wave[begin] + wave[last])[:, None])
    on[rows], peak[rows], off[rows] = runs.on[chosen], begin + height.argmax(axis=1), runs.off[chosen]
    return on, peak, off
