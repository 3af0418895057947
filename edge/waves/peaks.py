"""Running means and peaks of what is said step by step: scipy's, whose calls cost more than what they do here."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import Floats


def running_mean(values: Floats, size: int) -> Floats:
    """Mean of `size` values in a row, `scipy.ndimage.uniform_filter1d` to the last bit.

    Parameters
    ----------
    values
        Shape (n,).
    size
        How many.

    Returns
    -------
    Floats
        Shape (n - size + 1,), none where there are fewer than `size`.
    """
    first = np.cumsum(values[:size])[size - 1 :]
    return np.asarray(np.cumsum(np.concatenate([first, values[size:] - values[:-size]])) / size)


def peaks_of(values: Floats, *, least: float, apart: int) -> NDArray[np.int64]:
    """Find where values are higher than those before and after them, as `scipy.signal.find_peaks` does.

    Parameters
    ----------
    values
        Shape (n,); beyond its ends they are 0.
    least
        The lowest peak, above 0.
    apart
        Of two peaks closer than this the higher one is taken, of two as high the later one.

    Returns
    -------
    NDArray[int64]
        Places of the peaks, increasing; of a plateau its middle.
    """
    walled = np.zeros(values.size + 2)
    walled[1:-1] = values
    last = np.flatnonzero(walled[1:] != walled[:-1])
    level = walled[last]
    peak = (level[1:] > level[:-1]) & (level[1:] > walled[last[1:] + 1]) & (level[1:] >= least)
    places = ((last[:-1] + 1 + last[1:]) // 2 - 1)[peak]
    if (places[1:] - places[:-1] >= apart).all():
        return places
    return _highest(places, values, apart)


def _highest(places: NDArray[np.int64], values: Floats, apart: int) -> NDArray[np.int64]:
    """Take the places from the highest on, and leave out what is too close to one that is taken."""
    taken: list[int] = []
    for place in sorted(places.tolist(), key=lambda at: (values[at], at), reverse=True):
        row = bisect_left(taken, place)
        if all(abs(place - other) >= apart for other in taken[max(row - 1, 0) : row + 1]):
            taken.insert(row, place)
    return np.array(taken, np.int64)
