"""Random numbers that belong to a thing, not to a moment: a subject or window always draws the same."""

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Samples: TypeAlias = NDArray[np.float32]
Keys: TypeAlias = NDArray[np.int64]


class Purpose(IntEnum):
    """What the numbers are for; two purposes never share numbers, so noise cannot change a rhythm."""

    TRAITS = 1
    LABS = 2
    DRAW_STATE = 3
    RHYTHM = 4
    NOISE = 5
    LOST_CONTACT = 6
    VARIED_RHYTHM = 7
    VARIED_SHAPES = 8


def generator_of(seed: int, purpose: Purpose, *key: int) -> np.random.Generator:
    """Make the generator of a thing's numbers; the same for the same arguments, none negative."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, int(purpose), *key])))


def normals(seed: int, purpose: Purpose, keys: Keys, size: int) -> Samples:
    """Draw independent standard normal numbers, one row for each key.

    Parameters
    ----------
    seed
        Of the whole heart, not negative.
    purpose
        Which of the key's streams of numbers.
    keys
        ``NDArray[int64]``, shape (n, n_parts), not negative: who draws, for example (subject, draw, index).
    size
        Numbers for each key. A longer row begins with the shorter one.

    Returns
    -------
    Samples
        ``NDArray[float32]``, shape (n, size). Row i depends on the seed, the purpose and ``keys[i]`` alone.
    """
    rows = np.empty((len(keys), size), np.float32)
    for row, key in zip(rows, keys.tolist(), strict=True):
        generator_of(seed, purpose, *key).standard_normal(dtype=np.float32, out=row)
    return rows


class Numbers:
    """Uniform numbers of n subjects, handed out column by column."""

    __slots__ = ("_next", "_uniform")

    def __init__(self, uniform: Floats) -> None:
        self._uniform, self._next = uniform, 0

    def uniform(self, *shape: int) -> Floats:
        """Take numbers between 0 and 1, shape (n, *shape)."""
        first, count = self._next, int(np.prod(shape, dtype=np.int64))
        if first + count > self._uniform.shape[1]:
            raise ValueError("more numbers are taken than were drawn")
        self._next = first + count
        return self._uniform[:, first : first + count].reshape(-1, *shape)

    def between(self, low: float, high: float, *shape: int) -> Floats:
        """Take numbers between two, shape (n, *shape)."""
        return low + (high - low) * self.uniform(*shape)

    def log_between(self, low: float, high: float, *shape: int) -> Floats:
        """Take numbers whose logarithms lie evenly between two, shape (n, *shape)."""
        return np.exp(self.between(np.log(low), np.log(high), *shape))

    def chance(self, probability: float, *shape: int) -> NDArray[np.bool_]:
        """Say yes with a probability, shape (n, *shape)."""
        return self.uniform(*shape) < probability

    def which(self, shares: tuple[float, ...], *shape: int) -> NDArray[np.int64]:
        """Take indices with probabilities in these shares, shape (n, *shape)."""
        ends = np.cumsum(shares) / np.sum(shares)
        return np.minimum(np.searchsorted(ends, self.uniform(*shape), side="right"), len(shares) - 1)
