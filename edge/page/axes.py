"""Axes and marks of a chart in SVG, with the colours left to the page's style."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from edge.page.markup import MINUS, Markup, element, join

Tick: TypeAlias = tuple[float, str]
"""Value and label."""

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALLEST_PLAIN_EXPONENT: Final = -3
_LARGEST_PLAIN_EXPONENT: Final = 3
_FACTORS: Final = ((1, 2, 5), (1, 3), (1,))
"""Of the decades, at which a logarithmic axis may have ticks, the most first."""
_FEWEST_TICKS: Final = 3
_EDGE_PX: Final = 8
"""Labels nearer to the right edge end there."""
_WIDTHS: Final = {"wide": 760, "narrow": 340}
"""A chart is drawn for both, and the page's style shows one: scaled down, its text could not be read."""


class Shape(StrEnum):
    """What a point is drawn as."""

    DISC = "disc"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DIAMOND = "diamond"


_PATHS: Final = {
    Shape.TRIANGLE: (-4.0, "l3.6 6.4h-7.2z"),
    Shape.SQUARE: (-2.8, "h2.8v5.6h-5.6v-5.6z"),
    Shape.DIAMOND: (-4.2, "l4.2 4.2l-4.2 4.2l-4.2-4.2z"),
}
"""From its middle: how far above it the outline begins, px, and how that goes on."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How the points of one kind look.

    Parameters
    ----------
    style
        Class in the page's style, which gives the colour.
    shape
        For those who do not tell the colours apart.
    """

    style: str
    shape: Shape = Shape.DISC


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from values to pixels.

    Parameters
    ----------
    low, high
        Values at the ends, low < high; positive where the axis is logarithmic.
    from_px, to_px
        Where they are drawn.
    is_log
        Whether decades are equally long.
    """

    low: float
    high: float
    from_px: float
    to_px: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Where a value is drawn, in pixels; values beyond the ends are drawn at them."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return round(self.from_px + part * (self.to_px - self.from_px), 1)

    def ticks(self, most: int = 6) -> tuple[Tick, ...]:
        """Give round values within the ends: decades, or multiples of 1, 2 or 5 times one.

        On a logarithmic axis of few decades multiples of them too, and even steps where it spans hardly one.
        """
        if self.is_log:
            return _logarithmic_ticks(self.low, self.high, most) or self._linear_ticks(most)
        return self._linear_ticks(most)

    def _linear_ticks(self, most: int) -> tuple[Tick, ...]:
        step = _round_step((self.high - self.low) / most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple((k * step, f"{k * step:,.6g}".replace("-", MINUS)) for k in range(first, last + 1))


def linear(values: Iterable[float], from_px: float, to_px: float) -> Axis:
    """Span finite values with a little room."""
    low, high = _ends(values, default=(0.0, 1.0))
    room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return Axis(low - room, high + room, from_px, to_px)


def logarithmic(values: Iterable[float], from_px: float, to_px: float) -> Axis:
    """Span the positive values by whole decades."""
    low, high = _ends((value for value in values if value > 0), default=(0.1, 1.0))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return Axis(10.0**first, 10.0 ** max(last, first + 1), from_px, to_px, is_log=True)


def snug(values: Iterable[float], from_px: float, to_px: float) -> Axis:
    """Span the positive values with a little room, on a logarithmic scale."""
    low, high = _ends((value for value in values if value > 0), default=(0.1, 1.0))
    room = (high / low) ** 0.04 if high > low else 1.2
    return Axis(low / room, high * room, from_px, to_px, is_log=True)


def frame(x: Axis, y: Axis, x_ticks: Sequence[Tick], y_ticks: Sequence[Tick], x_label: str, y_label: str) -> Markup:
    """Draw both axes with grid, labels and units."""
    left, right, foot, top = x.from_px, x.to_px, y.from_px, y.to_px
    parts = [line(left, y(value), right, y(value), "grid") for value, _ in y_ticks]
    parts += [line(x(value), foot, x(value), foot + 4, "axis") for value, _ in x_ticks]
    parts += [line(left, foot, right, foot, "axis"), line(left, foot, left, top, "axis")]
    parts += [words(left - 5, y(value) + 4, label, "end") for value, label in y_ticks]
    parts += [
        words(x(value), foot + 17, label, "middle" if right - x(value) > _EDGE_PX else "end")
        for value, label in x_ticks
    ]
    parts += [words(right, foot + 33, x_label, "end", "label"), words(2, top - 9, y_label, "start", "label")]
    return join(parts)


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    """Draw a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=style)


def words(x: float, y: float, said: str, anchor: str, style: str | None = None) -> Markup:
    """Write text whose start, middle or end is at a place."""
    return element("text", said, x=round(x, 1), y=round(y, 1), text_anchor=anchor, class_=style)


def mark(x: float, y: float, sign: Sign, said: str | None = None) -> Markup:
    """Mark a point; what is said shows when it is pointed at."""
    title = [element("title", said)] if said else []
    if sign.shape is Shape.DISC:
        return element("circle", *title, cx=x, cy=y, r=3, class_=f"mark {sign.style}")
    rise, outline = _PATHS[sign.shape]
    return element("path", *title, d=f"M{x} {y + rise:.1f}{outline}", class_=f"mark {sign.style}")


def svg(name: str, title: str, description: str, width: float, height: float, content: Markup) -> Markup:
    """Put a chart together; `name` tells it from the page's others."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        content,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
    )


def both_widths(name: str, chart: Callable[[str, int], Markup]) -> Markup:
    """Draw a chart, given its name and width, for wide and for narrow pages."""
    return join(element("div", chart(f"{name}-{how}", width), class_=how) for how, width in _WIDTHS.items())


def _ends(values: Iterable[float], default: tuple[float, float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else default


def _round_step(at_least: float) -> float:
    power = 10.0 ** math.floor(math.log10(at_least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= at_least * (1 - 1e-9))


def _logarithmic_ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Give as many round values as may be, decades among them; none where the axis spans less than a decade or so."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    slack = 1 + 1e-9
    for factors in _FACTORS:
        at = [(f, p) for p in powers for f in factors if low / slack <= f * 10.0**p <= high * slack]
        if _FEWEST_TICKS <= len(at) <= most:
            return tuple((f * 10.0**p, _power(p, f)) for f, p in at)
    every = math.ceil(len(at) / most)
    return tuple((10.0**p, _power(p)) for _, p in at[::every]) if len(at) > 1 else ()


def _power(power: int, factor: int = 1) -> str:
    if _SMALLEST_PLAIN_EXPONENT <= power <= _LARGEST_PLAIN_EXPONENT:
        return f"{factor * 10.0**power:,g}"
    times = f"{factor}\N{MULTIPLICATION SIGN}" if factor > 1 else ""
    return f"{times}10{str(power).translate(_SUPERSCRIPT)}"
