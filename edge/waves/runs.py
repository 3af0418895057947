"""Stretches of one wave along a track: where each begins and ends, and where its middle lies."""

from itertools import chain, pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import Floats
from edge.waves.track import Probabilities, Segment, Track

_JOIN_SAMPLES: Final = 10
"""A wave with a notch of up to 40 ms is one."""
_SHORTEST_SAMPLES: Final = (0, 8, 8, 12)
"""By `Segment`."""
_NONE: Final = int(Segment.NONE)
_OUTWARDS: Final = np.array([[-1], [1]])


class Run(NamedTuple):
    """A stretch of one wave.

    Parameters
    ----------
    begin, last
        Its first and its last sample.
    on, off
        Where, beside those, the wave is as likely as all else, samples.
    centre
        Its middle, weighted by how likely the wave is along it, samples.
    """

    begin: int
    last: int
    on: float
    off: float
    centre: float


_Stretch: TypeAlias = tuple[int, int, int]
"""Its kind, its first sample, the one behind its last."""


def runs_of(track: Track) -> tuple[list[Run], ...]:
    """Find the waves of a stretch: for each `Segment` its runs in order; what is too short for a heart is none."""
    kinds, likely = _likeliest(track)
    stretches = _stretches(kinds)
    kind, begin, end = np.fromiter(chain.from_iterable(stretches), np.int64).reshape(-1, 3).T
    on, off = _crossings(track, kind, np.array([begin, end - 1])).tolist()
    centres = _centres(likely * (kinds != _NONE), begin, end).tolist()
    runs: tuple[list[Run], ...] = ([], [], [], [])
    for (k, first, behind), begins, ends, centre in zip(stretches, on, off, centres, strict=True):
        runs[k].append(Run(first, behind - 1, begins, ends, centre))
    return runs


def _likeliest(track: Track) -> tuple[NDArray[np.int8], Probabilities]:
    """What each sample belongs to, of two as likely the first, and how likely it does."""
    none, *waves = track.segments.T
    kinds, likely = np.zeros(track.n_samples, np.int8), none.copy()
    for kind, wave in enumerate(waves, Segment.NONE + 1):
        kinds[wave > likely] = kind
        np.maximum(likely, wave, out=likely)
    return kinds, likely


def _stretches(kinds: NDArray[np.int8]) -> list[_Stretch]:
    """Stretches of one wave; one joins the one before it where both are of one wave and little lies between."""
    changes = (np.flatnonzero(kinds[1:] != kinds[:-1]) + 1).tolist()
    said, joined = kinds.tobytes(), list[_Stretch]()
    for begin, end in pairwise([0, *changes, kinds.size]):
        kind = said[begin]
        if kind == _NONE:
            continue
        before, first, behind = joined[-1] if joined else (_NONE, 0, 0)
        if before == kind and begin - behind <= _JOIN_SAMPLES:
            joined[-1] = (kind, first, end)
        else:
            joined.append((kind, begin, end))
    return [(kind, begin, end) for kind, begin, end in joined if end - begin >= _SHORTEST_SAMPLES[kind]]


def _crossings(track: Track, kind: NDArray[np.int64], inner: NDArray[np.int64]) -> Floats:
    """Where, between the first (last) sample of a run and the next one outwards, the wave is as likely as all else."""
    outer = np.minimum(np.maximum(inner + _OUTWARDS, 0), track.n_samples - 1)
    p_in, p_out = track.segments[np.array([inner, outer]), kind].astype(np.float64)
    # At an end of the stretch there is no next one, and the wave begins (ends) there.
    share = (p_in - 0.5) / np.where(p_in == p_out, np.inf, p_in - p_out)
    return np.asarray(inner + _OUTWARDS * np.minimum(np.maximum(share, 0.0), 1.0))


def _centres(likely: Probabilities, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
    """Middle of each run, weighted by how likely its wave is along it.

    Each run is summed by itself: a difference of sums from the first sample on would lose it in a long recording.
    """
    weight = np.zeros(likely.size + 1)
    weight[:-1] = likely
    bounds = np.array([begin, end], np.intp).T.ravel()
    mass, moment = (np.add.reduceat(x, bounds)[::2] for x in (weight, weight * np.arange(float(weight.size))))
    return np.asarray(moment / np.maximum(mass, 1e-9))
