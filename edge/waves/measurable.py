"""Which marks are beats, and which of those may be measured: nothing ectopic, halved or cut off enters a median."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import BEAT_CLASSES, BeatClass, Floats, WaveMarks

Rows: TypeAlias = NDArray[np.bool_]

LEAST_CONFIDENCE: Final = 0.4
"""A mark the detector is less sure of is noise and no beat."""
MEASURED_CONFIDENCE: Final = 0.5
"""A beat it is less sure of has a place in the rhythm, but is not measured."""
DOUBLE_S: Final = 0.25
"""Two marks closer than this are one beat marked twice: the heart is refractory (Pan and Tompkins 1985: 0.2 s).

Unless it keeps beating as fast, as in 300 a minute: see `_DOUBLE_OF_USUAL`."""
_DOUBLE_OF_USUAL: Final = 0.6
"""A double is also shorter than this share of the usual interval."""
_USUAL: Final = 0.75
"""The usual interval is this quantile: where every QRS is marked twice, the median may be that of the halves."""
EDGE_S: Final = 0.02
"""A wave that begins or ends this close to an end of the stretch may be cut off there."""

_N: Final = BEAT_CLASSES.index(BeatClass.NORMAL)


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The beats of a stretch, without noise and doubles.

    Parameters
    ----------
    marks
        n of them.
    normal
        Shape (n,): surely beats, of class N, and marked once.
    depolarisation
        Shape (n,): those whose P and QRS may be measured: normal, whole, the beats beside them not closer than
        `DOUBLE_S`.
    repolarisation
        Shape (n,): those whose ST and T may be measured, too: between normal beats, since the T after a pause or an
        ectopic beat is another one, and that before an early beat is cut off.
    ectopic
        How many are of another class than N.
    """

    marks: WaveMarks
    normal: Rows
    depolarisation: Rows
    repolarisation: Rows
    ectopic: int

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each class, by its letter; only classes that occur."""
        classes = self.marks.classes.tolist()
        return {str(name): n for index, name in enumerate(BEAT_CLASSES) if (n := classes.count(index))}


def beats_of(marks: WaveMarks) -> Beats:
    """Tell the beats of a stretch from noise and doubles, and which of them may be measured."""
    marks, doubled = without_doubles(marks)
    edge = EDGE_S * marks.rate_hz
    of_class_n = marks.classes == _N
    normal = of_class_n & ~doubled & (marks.confidence >= MEASURED_CONFIDENCE)
    # Comparing with NaN says no, so a QRS without an end is not whole.
    depolarisation = normal & (marks.qrs_on >= edge) & (marks.qrs_off <= marks.n_samples - 1 - edge)
    apart = marks.rr_s >= DOUBLE_S
    depolarisation[1:] &= apart
    depolarisation[:-1] &= apart
    repolarisation = depolarisation.copy()
    repolarisation[1:] &= normal[:-1]
    repolarisation[:-1] &= normal[1:]
    return Beats(marks, normal, depolarisation, repolarisation, len(marks) - int(np.count_nonzero(of_class_n)))


def mean_interval_s(rr_s: Floats) -> float:
    """Mean interval between beats, from the first to the last, s.

    An interval of twice the usual one counts as it is. On MIT-BIH DS1 pauses after ectopic beats make such intervals
    far more often than a missed beat does: taking them for two made the rate of a window wrong by more than 5 bpm
    three times as often.

    Parameters
    ----------
    rr_s
        Shape (n,), one at least, s.
    """
    return float(rr_s.sum()) / rr_s.size


def without_doubles(marks: WaveMarks) -> tuple[WaveMarks, Rows]:
    """The marks that are beats, each once, and which of those were marked twice, shape (n,)."""
    kept, doubled = _kept(marks)
    return (marks, doubled) if kept.all() else (marks.take(kept), doubled[kept])


def _kept(marks: WaveMarks) -> tuple[Rows, Rows]:
    """Which marks are beats, and which of those were marked twice."""
    kept = marks.confidence >= LEAST_CONFIDENCE
    doubled = np.zeros(len(marks), bool)
    r_s = marks.r[kept] / marks.rate_hz
    rr_s = r_s[1:] - r_s[:-1]
    if rr_s.size == 0 or rr_s.min() >= DOUBLE_S:
        return kept, doubled
    usual_s = float(np.sort(rr_s)[int(_USUAL * (rr_s.size - 1))])
    closest_s = min(DOUBLE_S, _DOUBLE_OF_USUAL * usual_s)
    rows = np.flatnonzero(kept).tolist()
    last = rows[0]
    for row in rows[1:]:
        if marks.r[row] - marks.r[last] >= closest_s * marks.rate_hz:
            last = row
            continue
        better, worse = (row, last) if marks.confidence[row] > marks.confidence[last] else (last, row)
        kept[worse], doubled[better], last = False, True, better
    return kept, doubled
