"""What the network says along a stretch of signal, as probabilities over time."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
