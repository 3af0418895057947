"""A strip of ECG in braille characters: two dots across and four down in each."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of a braille character, shape (4 rows, 2 columns); Unicode 2800 is the one without dots."""
_BLANK: Final = 0x2800
_SMALLEST_MV: Final = 0.5
_MARGIN: Final = 0.08


@dataclass(frozen=True, slots=True)
class Extent:
    """What a strip shows from bottom to top, mV."""

    low_mv: float
    high_mv: float

    @property
    def span_mv(self) -> float:
        """Height of the strip, mV."""
        return self.high_mv - self.low_mv


def usual_extent(millivolts: NDArray[np.float64], second_samples: int) -> Extent:
    """Choose what to show of a signal: its quieter seconds whole, so that one artefact does not flatten the beats.

    Parameters
    ----------
    millivolts
        Shape (n,); NaN where samples are missing.
    second_samples
        Samples in a second, at least 1.
    """
    seconds = [millivolts[at : at + second_samples] for at in range(0, millivolts.size, second_samples)]
    ranges = sorted(
        (float(np.ptp(known)), float(known.min()), float(known.max()))
        for second in seconds
        if (known := second[np.isfinite(second)]).size
    )
    quiet = ranges[: max(1, (2 * len(ranges) + 2) // 3)]
    low = min((low for _, low, _ in quiet), default=0.0)
    high = max((high for _, _, high in quiet), default=0.0)
    margin = max(_MARGIN * (high - low), (_SMALLEST_MV - (high - low)) / 2)
    return Extent(low - margin, high + margin)


def draw_strip(millivolts: NDArray[np.float64], columns: int, rows: int, extent: Extent) -> list[str]:
    """Draw a signal from left to right, each column of dots from its lowest to its highest sample.

    Parameters
    ----------
    millivolts
        Shape (n,); NaN where samples are missing: nothing is drawn there.
    columns, rows
        Size in characters.
    extent
        What it shows from bottom to top; beyond it the curve runs along the edge.

    Returns
    -------
    list of str
        Lines from top to bottom, `rows` of `columns` characters.
    """
    dots = np.zeros((4 * rows, 2 * columns), bool)
    depths = (extent.high_mv - millivolts) / extent.span_mv
    _join(dots, np.clip(np.rint(depths * (4 * rows - 1)), 0, 4 * rows - 1))
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
