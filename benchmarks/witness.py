"""What a virtual wearable played, and where in it each stored block truly lies: found by its values alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIGNATURE: Final = 24
"""So many values of a noisy ECG are found in one place only."""
_STEP_S: Final = 1e-4
_LONGEST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """Values of a block that lie in a row in what was played.

    Parameters
    ----------
    skip, n
        Which ones of the block.
    true_index
        Where the first of them truly lies.
    """

    skip: int
    n: int
    true_index: int


class Witness:
    """Remembers the latest of what was played, and finds blocks in it.

    Parameters
    ----------
    n_kept
        How many values to remember, at least.
    fewest
        So many values in a row tell where they were played.
    """

    def __init__(self, n_kept: int, fewest: int = 8) -> None:
        self._fewest = fewest
        self._played = np.zeros(2 * n_kept, np.int32)
        self._n_kept = n_kept
        self._n_held = 0
        self._first = 0
        self._ended = 0
        self._shift = 0

    def listening(self, chunks: Iterable[NDArray[np.int32]]) -> Iterator[NDArray[np.int32]]:
        """Pass values on, and remember them."""
        for chunk in chunks:
            self._remember(chunk)
            yield chunk

    def find(self, first_index: int, values: NDArray[np.int32]) -> list[Found]:
        """Say where the values of the next block truly lie; several pieces where some are missing between them.

        Values that were never played, or longer ago than is remembered, are in no piece; nor are too few to be found.
        """
        found, skip = [], 0
        while skip < values.size:
            true_index = first_index + skip + self._shift
            n = self._matching(values[skip:], true_index) if true_index >= self._ended else 0
            signature = values[skip : skip + _SIGNATURE]
            # A few values may lie in a row where they do not belong, by chance.
            nearest = self._nearest(signature, true_index) if n < signature.size else true_index
            if nearest is not None and nearest != true_index:
                self._shift += nearest - true_index
                true_index, n = nearest, self._matching(values[skip:], nearest)
            if n == 0:
                skip += 1
                continue
            found.append(Found(skip, n, true_index))
            skip, self._ended = skip + n, true_index + n
        return found

    def _remember(self, chunk: NDArray[np.int32]) -> None:
        if self._n_held + chunk.size > self._played.size:
            drop = self._n_held - self._n_kept
            self._played[: self._n_kept] = self._played[drop : self._n_held].copy()
            self._first, self._n_held = self._first + drop, self._n_kept
        self._played[self._n_held : self._n_held + chunk.size] = chunk
        self._n_held += chunk.size

    def _matching(self, values: NDArray[np.int32], true_index: int) -> int:
        """How many of the values in a row were played from there on."""
        begin = true_index - self._first
        if begin < 0:
            return 0
        n = min(values.size, self._n_held - begin)
        if n <= 0:
            return 0
        differs = self._played[begin : begin + n] != values[:n]
        return int(differs.argmax()) if differs.any() else n

    def _nearest(self, signature: NDArray[np.int32], true_index: int) -> int | None:
        """Where the values were played closest to an index, after all that was found before."""
        if signature.size < self._fewest:
            return None
        from_held = max(0, self._ended - self._first)
        last_start = self._n_held - signature.size
        starts = np.arange(from_held, last_start + 1)
        for at, value in enumerate(signature):
            starts = starts[self._played[starts + at] == value]
        if starts.size == 0:
            return None
        indices = starts + self._first
        return int(indices[np.abs(indices - true_index).argmin()])


@dataclass(slots=True)
class TimeErrors:
    """Distances between estimated and true times: a histogram in steps of 0.1 ms, which costs the same all night."""

    longest_s: float = 0.0
    n: int = 0
    _histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(round(_LONGEST_S / _STEP_S) + 1, np.int64))

    def add(self, errors_s: NDArray[np.float64]) -> None:
        """Count some, s."""
        distances = np.abs(errors_s)
        self.longest_s = max(self.longest_s, float(distances.max()))
        steps = np.minimum(distances / _STEP_S, self._histogram.size - 1).astype(np.int64)
        low = int(steps.min())
        tally = np.bincount(steps - low)
        self._histogram[low : low + tally.size] += tally
        self.n += errors_s.size

    def percentile_s(self, percent: float) -> float:
        """Give the percentile, rounded up to 0.1 ms; NaN where there is none."""
        if self.n == 0:
            return float("nan")
        step = int(np.searchsorted(np.cumsum(self._histogram), percent / 100 * self.n))
        return min((step + 1) * _STEP_S, self.longest_s)
