"""What the network says along a stretch of signal, as probabilities over time."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from edge.waves.marks import BEAT_CLASSES, RHYTHMS

Probabilities: TypeAlias = NDArray[np.float32]

RATE_HZ: Final = 256.0
"""Sample rate of the network's input, and of what it says about waves."""
STEP_SAMPLES: Final = 4
"""Samples to a step: beats, rhythm and quality are said step by step, 64 a second."""
STEP_HZ: Final = RATE_HZ / STEP_SAMPLES


class Segment(IntEnum):
    """What a sample belongs to: columns of `Track.segments`."""

    NONE = 0
    P = 1
    QRS = 2
    T = 3


class Grade(IntEnum):
    """What a second of signal can be used for: columns of `Track.grades`."""

    WAVES = 0
    """Every wave can be read: 18 dB of signal to noise or more (Smital 2020)."""
    RATE = 1
    """Beats can be found, waves cannot be measured: 5 to 18 dB."""
    NOTHING = 2
    """Not even beats."""


SAID: Final = (STEP_SAMPLES * (len(Segment) - 1), len(BEAT_CLASSES), len(RHYTHMS) - 1, 1)
"""Logits the network gives at each step: segments sample by sample, beats, rhythm, grade.

The first answer of segments, beats and rhythm (nothing, no beat, sinus) has no logit of its own: it stands at 0. Grades
are in order, and one number places a step among them; see `Track.of_logits`.
"""
_LARGEST_LOGIT: Final = np.float32(60.0)
GRADE_EDGE: Final = 2.0
"""Where the grades meet on the network's scale: waves above it, nothing below its negative (McCullagh 1980)."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Probabilities along a stretch, float32; each row sums to 1.

    Parameters
    ----------
    segments
        Shape (n_samples, 4), a row for each sample at `RATE_HZ`: columns by `Segment`.
    beats
        Shape (n_steps, 6), a row for each `STEP_SAMPLES` samples: no beat here, then those of `BEAT_CLASSES`.
    rhythms
        Shape (n_steps, 3): columns by `RHYTHMS`.
    grades
        Shape (n_steps, 3): columns by `Grade`.
    """

    segments: Probabilities
    beats: Probabilities
    rhythms: Probabilities
    grades: Probabilities

    @property
    def n_samples(self) -> int:
        """Length of the stretch in samples at `RATE_HZ`."""
        return len(self.segments)

    @classmethod
    def of_logits(cls, logits: NDArray[np.float32]) -> Self:
        """Read the network's output.

        Parameters
        ----------
        logits
            Shape (n_steps, sum(SAID)).
        """
        segments, beats, rhythms, _ = accumulate(SAID)
        # Bounded, so that no row need be shifted: a maximum over four columns would cost more than all the rest.
        powers = np.exp(np.minimum(logits, _LARGEST_LOGIT))
        return cls(
            _by_sample(powers[:, :segments]),
            _by_step(powers[:, segments:beats]),
            _by_step(powers[:, beats:rhythms]),
            _graded(logits[:, rhythms]),
        )


def _by_sample(powers: NDArray[np.float32]) -> Probabilities:
    """Probabilities of `Segment` by sample, column by column in memory; the first one's power, 1, is left out."""
    columns = np.empty((len(Segment), len(powers), STEP_SAMPLES), np.float32)
    columns[Segment.NONE] = 1.0
    columns[1:] = powers.reshape(-1, STEP_SAMPLES, len(Segment) - 1).transpose(2, 0, 1)
    none, p, qrs, t = columns
    columns /= (none + p) + (qrs + t)
    return columns.reshape(len(Segment), -1).T


def _by_step(powers: NDArray[np.float32]) -> Probabilities:
    """Probabilities by step where the first answer's power, 1, is left out."""
    whole = np.ones((len(powers), powers.shape[1] + 1), np.float32)
    whole[:, 1:] = powers
    total = whole[:, 0].copy()
    for answer in powers.T:
        total += answer
    whole /= total[:, None]
    return whole


def _graded(place: NDArray[np.float32]) -> Probabilities:
    above, below = expit(place - GRADE_EDGE), expit(place + GRADE_EDGE)
    grades = np.empty((len(place), len(Grade)), np.float32)
    grades[:, Grade.WAVES], grades[:, Grade.RATE], grades[:, Grade.NOTHING] = above, below - above, 1.0 - below
    return grades
