"""Which marks are beats, and which of those may be measured: nothing ectopic, halved or cut off enters a median."""

from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Final

import numpy as np

from edge.waves.marks import BEAT_CLASSES, BeatClass, Floats, WaveMarks

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
    rr_s
        Shape (n - 1,) or (0,): intervals between them, s.
    normal
        Of each whether it is surely a beat, of class N, and marked once.
    depolarisation
        Whether its P and QRS may be measured: it is normal, whole, and the beats beside it are not closer than
        `DOUBLE_S`.
    repolarisation
        Whether its ST and T may be measured, too: it lies between normal beats, since the T after a pause or an ectopic
        beat is another one, and that before an early beat is cut off.
    ectopic
        How many are of another class than N.
    """

    marks: WaveMarks
    rr_s: Floats
    normal: list[bool]
    depolarisation: list[bool]
    repolarisation: list[bool]
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
    first, last = EDGE_S * marks.rate_hz, marks.n_samples - 1 - EDGE_S * marks.rate_hz
    classes, rr_s = marks.classes.tolist(), marks.rr_s
    marked = zip(classes, doubled, marks.confidence.tolist(), strict=True)
    normal = [class_ == _N and not twice and sure >= MEASURED_CONFIDENCE for class_, twice, sure in marked]
    # Comparing with NaN says no, so a QRS without an end is not whole.
    whole = [on >= first and off <= last for on, off in zip(marks.qrs_on.tolist(), marks.qrs_off.tolist(), strict=True)]
    apart = [rr >= DOUBLE_S for rr in rr_s.tolist()]
    depolarisation = list(map(all, zip(normal, whole, [True, *apart], [*apart, True], strict=False)))
    repolarisation = list(map(all, zip(depolarisation, [True, *normal], [*normal[1:], True], strict=False)))
    return Beats(marks, rr_s, normal, depolarisation, repolarisation, len(marks) - classes.count(_N))


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


def without_doubles(marks: WaveMarks) -> tuple[WaveMarks, list[bool]]:
    """The marks that are beats, each once, and of each whether it was marked twice."""
    kept, doubled = _kept(marks)
    return (marks, doubled) if all(kept) else (marks.take(np.array(kept)), list(compress(doubled, kept)))


def _kept(marks: WaveMarks) -> tuple[list[bool], list[bool]]:
    """Which marks are beats, and which of those were marked twice."""
    sure, r = marks.confidence.tolist(), marks.r.tolist()
    kept, doubled = [p >= LEAST_CONFIDENCE for p in sure], [False] * len(r)
    rr_s = [b - a for a, b in pairwise(place / marks.rate_hz for place in compress(r, kept))]
    if min(rr_s, default=DOUBLE_S) >= DOUBLE_S:
        return kept, doubled
    usual_s = sorted(rr_s)[int(_USUAL * (len(rr_s) - 1))]
    closest_s = min(DOUBLE_S, _DOUBLE_OF_USUAL * usual_s)
    rows = [row for row, is_beat in enumerate(kept) if is_beat]
    last = rows[0]
    for row in rows[1:]:
        if r[row] - r[last] >= closest_s * marks.rate_hz:
            last = row
            continue
        better, worse = (row, last) if sure[row] > sure[last] else (last, row)
        kept[worse], doubled[better], last = False, True, better
    return kept, doubled
