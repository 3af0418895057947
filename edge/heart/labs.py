"""Laboratory values of a blood draw, two of them with a modelled relation to the heart and two without."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from edge.heart.draws import Floats, Keys, Purpose, normals

WIDE_SHARE = 0.35
"""Share of draws taken evenly from the whole range a laboratory meets, so that the extremes are not rare."""


@dataclass(frozen=True, slots=True, eq=False)
class Labs:
    """Values of blood draws, each of shape (n,).

    Parameters
    ----------
    potassium_mmol_per_l, calcium_mg_per_dl
        Serum potassium; total serum calcium. Both move the waves (`edge.heart.relations`).
    platelets_per_nl, tsh_miu_per_l
        Platelets (10^9 per litre); thyrotropin. **No relation to the heart is modelled**: negative controls.
    """

    potassium_mmol_per_l: Floats
    calcium_mg_per_dl: Floats
    platelets_per_nl: Floats
    tsh_miu_per_l: Floats


def usual_labs(n: int) -> Labs:
    """Give `n` draws in the middle of the reference ranges: what the traits of a subject are stated at."""
    return Labs(*(np.full(n, usual) for usual in (4.15, 9.5, 250.0, 1.8)))


def draw_labs(seed: int, keys: Keys) -> Labs:
    """Draw the laboratory values of blood draws.

    A value is normal around the reference range, or, in `WIDE_SHARE` of the draws and for each laboratory
    value on its own, even over a wide range. It is a distribution to train and test with, not one of any
    population.

    Parameters
    ----------
    seed
        Of the heart.
    keys
        ``NDArray[int64]``, shape (n, 2): subject and number of the draw.

    Returns
    -------
    Labs
        Row i depends on the seed and ``keys[i]`` alone; the four values are independent.
    """
    numbers = normals(seed, Purpose.LABS, keys, 12).astype(np.float64).reshape(-1, 3, 4)
    wide = ndtr(numbers[:, 0]) < WIDE_SHARE
    even = ndtr(numbers[:, 1])
    low, high, mean, spread = np.array(
        [[2.2, 7.4, 4.2, 0.4], [6.0, 14.0, 9.5, 0.5], [20.0, 420.0, 255.0, 55.0], [0.05, 9.0, 1.9, 0.9]]
    ).T
    values = np.where(wide, low + (high - low) * even, np.clip(mean + spread * numbers[:, 2], low, high))
    return Labs(*values.T.copy())
