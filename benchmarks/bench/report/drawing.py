"""What several of the page's charts have in common."""

from collections.abc import Callable, Iterable
from typing import Final

from edge.page.axes import Axis, Tick, both_widths, line, words
from edge.page.markup import Markup, element, join

RIGHT: Final = 14
"""Room right of a chart, px."""
NARROW_PX: Final = 500
"""Charts that are less wide have fewer ticks and shorter words."""
_LETTER_PX: Final = 6.6
_CAPITAL_PX: Final = 8.6
BOLD: Final = 1.12
"""Times as wide as other text."""
_EDGE_PX: Final = 16
"""A label so near to an end of its axis would stand out of the chart."""


def figure(name: str, chart: Callable[[str, int], Markup], said: str, *, key: str = "") -> Markup:
    """Put a chart, drawn for wide and for narrow pages, over what it shows and what its marks stand for."""
    keys = [element("div", key, class_="keys")] if key else []
    return element("figure", both_widths(name, chart), element("figcaption", *keys, said))


def width_px(said: str, *, size: float = 1.0) -> float:
    """Guess how wide text is at most, px; bold text has a size of about 1.1."""
    return size * sum(_CAPITAL_PX if letter.isupper() else _LETTER_PX for letter in said)


def shortened(said: str, room_px: float, *, size: float = 1.0) -> str:
    """Leave out the end of text that has no room."""
    if width_px(said, size=size) <= room_px:
        return said
    end = len(said)
    while end > 1 and width_px(said[:end], size=size) + _CAPITAL_PX > room_px:
        end -= 1
    return f"{said[:end].rstrip(' .,')}…"


def n_ticks(width: int) -> int:
    """Ticks that have room across a chart."""
    return 4 if width < NARROW_PX else 8


def ruler(x: Axis, top: float, foot: float, ticks: Iterable[Tick], label: str) -> Markup:
    """Draw an axis below rows, with a line up through all of them at every tick."""
    parts = [line(x.from_px, foot, x.to_px, foot, "axis")]
    for value, said in ticks:
        at = x(value)
        anchor = "start" if at - x.from_px < _EDGE_PX else "end" if x.to_px - at < _EDGE_PX else "middle"
        parts += [
            line(at, top, at, foot, "grid"),
            line(at, foot, at, foot + 4, "axis"),
            words(at, foot + 17, said, anchor),
        ]
    parts.append(words(x.to_px, foot + 33, label, "end", "label"))
    return join(parts)


def box(x: float, y: float, width: float, height: float, style: str, said: str | None = None) -> Markup:
    """Draw a rectangle; what is said shows when it is pointed at."""
    title = [element("title", said)] if said else []
    return element(
        "rect", *title, x=round(x, 1), y=round(y, 1), width=round(width, 1), height=round(height, 1), class_=style
    )


def boxes(entries: Iterable[tuple[str, str]]) -> Markup:
    """Name areas: pairs of a style and what it stands for."""
    named = (
        join(
            [element("svg", box(1, 1, 12, 12, style), viewBox="0 0 14 14", class_="key box", aria_hidden="true"), said]
        )
        for style, said in entries
    )
    return join(named)
