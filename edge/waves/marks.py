"""What is marked in a stretch of ECG: beats with their classes, and where P, QRS and T begin, peak and end."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class BeatClass(StrEnum):
    """Classes of beats as ANSI/AAMI EC57 groups the annotations of the MIT-BIH databases (table 3 there)."""

    NORMAL = "N"
    """From the sinus node or with its conduction, bundle branch blocks and escape beats included (N L R e j)."""
    SUPRAVENTRICULAR = "S"
    """A supraventricular ectopic beat (A a J S)."""
    VENTRICULAR = "V"
    """A ventricular ectopic beat (V E)."""
    FUSION = "F"
    """A fusion of a ventricular and a normal beat (F)."""
    UNKNOWN = "Q"
    """Paced, a fusion with a paced one, or not to be classified (/ f Q)."""


BEAT_CLASSES: Final = tuple(BeatClass)
"""In the order in which `WaveMarks.classes` counts them."""


class Rhythm(StrEnum):
    """What a stretch of rhythm is."""

    SINUS = "sinus"
    """The sinus node leads, ectopic beats or not, at whatever rate."""
    AF = "af"
    """Atrial fibrillation."""
    OTHER = "other"
    """Another one: flutter, a pacemaker, ectopic runs, block."""


RHYTHMS: Final = tuple(Rhythm)


@dataclass(frozen=True, slots=True, eq=False)
class WaveMarks:
    """The beats of a stretch of signal and their waves, one row a beat, in order.

    Places are in samples of the stretch, float64, and may lie between two; NaN where a wave is absent or cannot be
    seen. A P wave belongs to the beat that follows it, a T wave to the one before it.

    Parameters
    ----------
    rate_hz, n_samples
        Of the stretch.
    r
        Shape (n,): the middle of each QRS complex, never NaN, increasing.
    classes
        ``NDArray[int64]``, shape (n,): index of each beat's class in `BEAT_CLASSES`.
    confidence
        Shape (n,): how sure the detector is that there is a beat, 0 to 1; 1 where a person marked it.
    p_on, p_peak, p_off, qrs_on, qrs_off, t_on, t_peak, t_off
        Shape (n,): onset, peak and end of each wave.
    """

    rate_hz: float
    n_samples: int
    r: Floats
    classes: NDArray[np.int64]
    confidence: Floats
    p_on: Floats
    p_peak: Floats
    p_off: Floats
    qrs_on: Floats
    qrs_off: Floats
    t_on: Floats
    t_peak: Floats
    t_off: Floats

    def __len__(self) -> int:
        return int(self.r.size)

    @property
    def rr_s(self) -> Floats:
        """Intervals between beats in a row, shape (n - 1,) or (0,), s."""
        return (self.r[1:] - self.r[:-1]) / self.rate_hz

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Take these beats, in this order."""
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in {"rate_hz", "n_samples"}}
        return type(self)(self.rate_hz, self.n_samples, **arrays)
