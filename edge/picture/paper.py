"""ECG paper: where each row and lane lies on the page, the grid, and how millivolts and seconds become millimetres."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.picture.markup import Markup, element, join, rectangle, words
from edge.picture.strip import Stretch, View

SPEED_MM_S: Final = 25.0
ROW_S: Final = 10.0

PAGE_MM: Final = 297.0
"""Width of the page: A4, lying."""
MARGIN_MM: Final = 11.0
PAPER_MM: Final = 275.0
"""Width of the grid: the calibration pulse, ten seconds, and a square to spare."""
TRACE_MM: Final = MARGIN_MM + 20.0
"""Where a row's first second begins."""
ROW_MM: Final = ROW_S * SPEED_MM_S
HEIGHT_MM: Final = 35.0
"""Height of a row's grid."""

HEAD_MM: Final = 37.0
SHORT_HEAD_MM: Final = 22.0
"""Without figures."""
FOOT_MM: Final = 19.0
_LETTERS_MM, _WAVES_MM, _QUALITY_MM, _TIMES_MM, _BETWEEN_MM = 4.0, 2.4, 3.0, 3.6, 2.0
PITCH_MM: Final = _LETTERS_MM + HEIGHT_MM + _WAVES_MM + _QUALITY_MM + _TIMES_MM + _BETWEEN_MM

USUAL_MM_PER_MV: Final = 10.0
_ZEROS_MM: Final = (10.0, 15.0, 20.0)
"""Where 0 mV may lie above the foot of a row, on a bold line."""
_SMALL_MM: Final = 7.5
"""A signal that takes less than that is drawn twice as large."""
_USUAL_SECONDS: Final = 0.97
_OVERHANG_S: Final = 0.05
"""The last row may be longer by that much, rather than one more begin."""


@dataclass(frozen=True, slots=True)
class Gain:
    """How millivolts are drawn.

    Parameters
    ----------
    mm_per_mv
        10 usually; 20 for small signals and 5 for large ones.
    zero_mm
        Height of 0 mV above the foot of the row, mm.
    """

    mm_per_mv: float
    zero_mm: float

    def above_foot(self, millivolts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height above the foot of the row, mm; same shape, and beyond the row where the signal is."""
        return self.zero_mm + self.mm_per_mv * millivolts


def choose_gain(seen: tuple[Stretch, ...]) -> Gain:
    """Choose the gain that suits nearly all seconds of what is drawn."""
    low, high = _usual_range(seen)
    if USUAL_MM_PER_MV * (high - low) < _SMALL_MM:
        return _centred(2 * USUAL_MM_PER_MV, low, high)
    usual = _centred(USUAL_MM_PER_MV, low, high)
    foot, top = usual.zero_mm + USUAL_MM_PER_MV * low, usual.zero_mm + USUAL_MM_PER_MV * high
    return usual if foot >= 0 and top <= HEIGHT_MM else _centred(USUAL_MM_PER_MV / 2, low, high)


def _usual_range(seen: tuple[Stretch, ...]) -> tuple[float, float]:
    """Lowest and highest millivolt, but for the worst few seconds."""
    lows, highs = [0.0], [0.0]
    for stretch in seen:
        seconds = np.arange(0, stretch.millivolts.size, round(stretch.rate_hz))
        lows += np.minimum.reduceat(stretch.millivolts, seconds).tolist()
        highs += np.maximum.reduceat(stretch.millivolts, seconds).tolist()
    low = np.quantile(lows, 1 - _USUAL_SECONDS, method="lower")
    return float(low), float(np.quantile(highs, _USUAL_SECONDS, method="higher"))


def _centred(mm_per_mv: float, low: float, high: float) -> Gain:
    """Put 0 mV on the bold line that brings the middle of the signal nearest to the middle of the row."""
    room = [zero for zero in _ZEROS_MM if zero + mm_per_mv <= HEIGHT_MM]
    return Gain(mm_per_mv, min(room, key=lambda zero: abs(zero + mm_per_mv * (low + high) / 2 - HEIGHT_MM / 2)))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a page.

    Parameters
    ----------
    view
        What it shows; the last row may end early.
    top_mm
        Where its first lane begins.
    """

    view: View
    top_mm: float

    @property
    def letters_mm(self) -> float:
        """Base line of the letters of its beats."""
        return self.top_mm + _LETTERS_MM - 1.1

    @property
    def paper_mm(self) -> float:
        """Top of its grid."""
        return self.top_mm + _LETTERS_MM

    @property
    def foot_mm(self) -> float:
        """Foot of its grid."""
        return self.paper_mm + HEIGHT_MM

    @property
    def waves_mm(self) -> float:
        """Middle of the bars of its waves."""
        return self.foot_mm + _WAVES_MM / 2

    @property
    def quality_mm(self) -> float:
        """Top of its band of quality."""
        return self.foot_mm + _WAVES_MM

    @property
    def times_mm(self) -> float:
        """Top of its ticks of time."""
        return self.quality_mm + _QUALITY_MM

    def x_mm(self, time_s: float) -> float:
        """Where a moment lies."""
        return TRACE_MM + (time_s - self.view.begin_s) * SPEED_MM_S


@dataclass(frozen=True, slots=True)
class Page:
    """The rows that a view takes, under a head."""

    rows: tuple[Row, ...]
    head_mm: float

    @property
    def height_mm(self) -> float:
        """Height of the page."""
        return self.head_mm + PITCH_MM * len(self.rows) + FOOT_MM

    def pieces(self, begin_s: float, end_s: float) -> Iterator[tuple[Row, float, float]]:
        """Where a span is drawn: row, left end and right end, mm; more than one where it reaches over rows."""
        for row in self.rows:
            if span := row.view.clip(begin_s, end_s):
                yield row, row.x_mm(span[0]), row.x_mm(span[1])

    def row_at(self, time_s: float) -> Row | None:
        """Row that shows a moment; None where the page does not."""
        return next((row for row in self.rows if row.view.holds(time_s)), None)


def lay_out(view: View, head_mm: float = HEAD_MM) -> Page:
    """Break a view into rows."""
    n_rows = max(1, ceil((view.duration_s - _OVERHANG_S) / ROW_S))
    begins = [view.begin_s + k * ROW_S for k in range(n_rows)]
    views = map(View, begins, [*begins[1:], view.end_s])
    return Page(tuple(Row(part, head_mm + k * PITCH_MM) for k, part in enumerate(views)), head_mm)


def sheets(page: Page, gain: Gain) -> Markup:
    """Draw the grid of every row, with its calibration pulse."""
    uses = [element("use", href="#sheet", x=MARGIN_MM, y=row.paper_mm) for row in page.rows]
    return join([element("defs", element("g", *_sheet(gain), id="sheet")), *uses])


def _sheet(gain: Gain) -> list[Markup]:
    zero = HEIGHT_MM - gain.zero_mm
    pulse = f"M2.5 {zero:g}h2.5v{-gain.mm_per_mv:g}h5v{gain.mm_per_mv:g}h2.5"
    return [
        rectangle(0, 0, PAPER_MM, HEIGHT_MM, "paper"),
        element("path", d=_lines(1.0), class_="fine"),
        element("path", d=_lines(5.0), class_="bold"),
        element("path", d=pulse, class_="pulse"),
        words(7.5, zero + 3.2, "1 mV", "millivolt", "middle"),
    ]


def _lines(every_mm: float) -> str:
    across = [f"M{x:g} 0v{HEIGHT_MM:g}" for x in np.arange(0, PAPER_MM + 0.5, every_mm)]
    along = [f"M0 {y:g}h{PAPER_MM:g}" for y in np.arange(0, HEIGHT_MM + 0.5, every_mm)]
    return "".join(across + along)
