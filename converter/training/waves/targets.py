"""What is known of an example, as codes that stand for the answers they allow.

Recordings are labelled in part: MIT-BIH says where beats are and of which class, but not where waves begin; LUDB marks
waves, but no classes. So a label is a code that stands for the set of answers it allows, and the loss is the negative
logarithm of the probability of that set. Nothing is learned where every answer is allowed.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import BEAT_CLASSES, RHYTHMS
from edge.waves.track import STEP_SAMPLES, Grade, Segment

Codes: TypeAlias = NDArray[np.uint8]

_N_BEAT: Final = 1 + len(BEAT_CLASSES)

NOT_QRS: Final = len(Segment)
UNKNOWN_SEGMENT: Final = NOT_QRS + 1
NONE_OR_T: Final = UNKNOWN_SEGMENT + 1
NOT_P: Final = NONE_OR_T + 1
SOME_BEAT: Final = _N_BEAT
UNKNOWN_BEAT: Final = SOME_BEAT + 1
UNKNOWN_RHYTHM: Final = len(RHYTHMS)
UNKNOWN_GRADE: Final = len(Grade)

BEAT_WEIGHTS: Final = (1.0, 1.0, 2.0, 1.5, 2.0, 2.0, 1.0, 0.0)
"""Of no beat, of each class in the order of `BEAT_CLASSES`, of a beat of any class, and of what is unknown."""


def _allowing(n: int, *sets: tuple[int, ...]) -> NDArray[np.float32]:
    """Rows of what each code allows: the n answers themselves, then the sets."""
    return np.concatenate([np.eye(n), [[float(k in allowed) for k in range(n)] for allowed in sets]]).astype(np.float32)


SEGMENTS_ALLOWED: Final = _allowing(
    len(Segment),
    (Segment.NONE, Segment.P, Segment.T),
    tuple(Segment),
    (Segment.NONE, Segment.T),
    (Segment.NONE, Segment.QRS, Segment.T),
)
BEATS_ALLOWED: Final = _allowing(_N_BEAT, tuple(range(1, _N_BEAT)), tuple(range(_N_BEAT)))
RHYTHMS_ALLOWED: Final = _allowing(len(RHYTHMS), tuple(range(len(RHYTHMS))))
GRADES_ALLOWED: Final = _allowing(len(Grade), tuple(Grade))


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What is known of n windows, as codes, ``NDArray[uint8]``.

    Parameters
    ----------
    segments
        Shape (n, window_samples): a `Segment`, `NOT_QRS`, `UNKNOWN_SEGMENT`, `NONE_OR_T` or `NOT_P`.
    beats
        Shape (n, n_steps): 0 for none, 1 on for a class, `SOME_BEAT` or `UNKNOWN_BEAT`.
    rhythms
        Shape (n, n_steps): an index of `RHYTHMS` or `UNKNOWN_RHYTHM`.
    grades
        Shape (n, n_steps): a `Grade` or `UNKNOWN_GRADE`.
    """

    segments: Codes
    beats: Codes
    rhythms: Codes
    grades: Codes


def steps_of_beats(
    r: NDArray[np.float64], classes: NDArray[np.int64], n_steps: int, *, reach: int = 2, margin: int = 1
) -> Codes:
    """Codes of steps round beats: the class within `reach` steps, unknown for `margin` steps more, 0 elsewhere.

    Parameters
    ----------
    r
        Shape (k,): samples.
    classes
        Shape (k,): indices of `BEAT_CLASSES`, or ``SOME_BEAT - 1``.
    n_steps, reach, margin
        In steps.
    """
    codes = np.zeros(n_steps, np.uint8)
    at = np.floor(np.asarray(r) / STEP_SAMPLES).astype(np.int64)
    for wide, code in ((reach + margin, None), (reach, classes)):
        for offset in range(-wide, wide + 1):
            place = at + offset
            inside = (place >= 0) & (place < n_steps)
            codes[place[inside]] = UNKNOWN_BEAT if code is None else code[inside] + 1
    return codes
