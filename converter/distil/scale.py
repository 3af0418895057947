"""Teachers' logits as students say them: each output with a mean of 0 and a spread of 1, so that int8 serves all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from edge.manifest import Output

Floats: TypeAlias = NDArray[np.float32]

_LEAST_SPREAD: Final = 1e-3
_FAR: Final = 5.0
"""Spreads beyond which a teacher's word counts no further: one window would cost all others their int8 steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """``logit = spread * said + mean``, for each output.

    Parameters
    ----------
    mean, spread
        Shape (n_outputs,).
    """

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, logits: Floats) -> "Scale":
        """Take mean and standard deviation over windows; logits of shape (n, n_outputs)."""
        mean, spread = logits.mean(axis=0, dtype=np.float64), logits.std(axis=0, dtype=np.float64)
        return cls(mean.astype(np.float32), np.maximum(spread, _LEAST_SPREAD).astype(np.float32))

    def standardised(self, logits: Floats) -> Floats:
        """What a student should say, shape (n, n_outputs)."""
        return np.clip((logits - self.mean) / self.spread, -_FAR, _FAR).astype(np.float32)

    def thresholds(self, outputs: Sequence[Output]) -> Floats:
        """Where on the student's scale each output is decided, shape (n_outputs,)."""
        decided = logit(np.array([output.threshold for output in outputs]))
        return self.standardised(decided[None].astype(np.float32))[0]

    def logits(self, said: Floats) -> Floats:
        """Turn what a student says, shape (n, n_outputs), into logits."""
        return np.asarray(said * self.spread + self.mean, np.float32)
