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
        generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, int(purpose), *key])))
        generator.standard_normal(dtype=np.float32, out=row)
    return rows
