"""A strip of ECG in braille characters: two dots across and four down in each."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of a braille character, shape (4 rows, 2 columns); Unicode 2800 is the one without dots."""
_BLANK: Final = 0x2800


def draw_strip(millivolts: NDArray[np.float64], columns: int, rows: int, span_mv: float) -> list[str]:
    """Draw a signal from left to right, each column of dots from its lowest to its highest sample.

    Parameters
    ----------
    millivolts
        Shape (n,); NaN where samples are missing: nothing is drawn there.
    columns, rows
        Size in characters.
    span_mv
        The middle of the strip is the median of the signal; from bottom to top it shows so much, mV.

    Returns
    -------
    list of str
        Lines from top to bottom, `rows` of `columns` characters.
    """
    dots = np.zeros((4 * rows, 2 * columns), bool)
    known = millivolts[np.isfinite(millivolts)]
    if known.size:
        heights = (millivolts - np.median(known)) / span_mv + 0.5
        levels = np.clip(np.rint((1 - heights) * (4 * rows - 1)), 0, 4 * rows - 1)
        _join(dots, levels)
    cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)
    codes = (cells * _DOTS).sum(axis=(2, 3)) + _BLANK
    return ["".join(map(chr, line)) for line in codes]


def _join(dots: NDArray[np.bool_], levels: NDArray[np.float64]) -> None:
    """Set the dots of a curve; each column reaches back to where the one before it ended."""
    n_columns = dots.shape[1]
    edges = np.linspace(0, levels.size, n_columns + 1).astype(int)
    for column in range(n_columns):
        part = levels[max(0, edges[column] - 1) : max(edges[column + 1], edges[column] + 1)]
        part = part[np.isfinite(part)]
        if part.size:
            dots[int(part.min()) : int(part.max()) + 1, column] = True
