"""Beats as people marked them: the annotations of a WFDB record as places, classes and stretches not scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

CLASS_OF_SYMBOL: Final = {
    symbol: k for k, symbols in enumerate(("NLRBejn", "AaJS", "VEr", "F", "/fQ?")) for symbol in symbols
}
"""WFDB's symbols of beats, by index in `edge.waves.marks.BEAT_CLASSES`; escape beats are N, as EC57 groups them."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatTruth:
    """Marked beats.

    Parameters
    ----------
    at_s
        Shape (n,): where they are, s from the record's first sample, increasing.
    classes
        ``NDArray[int64]``, shape (n,): indices in `edge.waves.marks.BEAT_CLASSES`.
    left_out_s
        Shape (m, 2): stretches without marked beats that EC57 does not score, s: ventricular flutter and fibrillation.
    """

    at_s: Floats
    classes: NDArray[np.int64]
    left_out_s: Floats

    @property
    def scored_s(self) -> tuple[float, float]:
        """From the first marked beat to the last one, s; an empty stretch without any."""
        return (float(self.at_s[0]), float(self.at_s[-1])) if self.at_s.size else (0.0, 0.0)

    def is_left_out(self, begin_s: float, end_s: float) -> bool:
        """Say whether some of a stretch is not scored."""
        return bool(np.any((self.left_out_s[:, 0] < end_s) & (self.left_out_s[:, 1] > begin_s)))


def beats_of(at_s: Floats, symbols: Sequence[str], end_s: float) -> BeatTruth:
    """Read beats off annotations.

    Parameters
    ----------
    at_s, symbols
        Of every annotation, in order; those that are no beats are passed over.
    end_s
        End of the record: where an episode ends that is not closed.
    """
    known = [(at, CLASS_OF_SYMBOL[s]) for at, s in zip(at_s.tolist(), symbols, strict=True) if s in CLASS_OF_SYMBOL]
    places, classes = np.array([at for at, _ in known]), np.array([k for _, k in known], np.int64)
    return BeatTruth(places, classes, _flutter(at_s, symbols, end_s))


def _flutter(at_s: Floats, symbols: Sequence[str], end_s: float) -> Floats:
    stretches: list[tuple[float, float]] = []
    begin: float | None = None
    for at, symbol in zip(at_s.tolist(), symbols, strict=True):
        if symbol == "[" and begin is None:
            begin = at
        elif symbol == "]" and begin is not None:
            stretches.append((begin, at))
            begin = None
    if begin is not None:
        stretches.append((begin, end_s))
    return np.array(stretches, np.float64).reshape(-1, 2)


def within(at_s: Floats, stretches_s: Floats, margin_s: float = 0.0) -> NDArray[np.bool_]:
    """Say which places lie in a stretch, shape (n,); `stretches_s` has shape (m, 2), s."""
    begins, ends = stretches_s[:, 0] - margin_s, stretches_s[:, 1] + margin_s
    inside: NDArray[np.bool_] = np.any((at_s[:, None] >= begins) & (at_s[:, None] <= ends), axis=1)
    return inside
