"""Small multiples: every cost against its size, both logarithmic, with its line and exponent, as one SVG document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Series, What
from edge.page.axes import Axis, Sign, frame, line, logarithmic, mark, svg, words
from edge.page.markup import MINUS, Markup, element, join

_LIGHT: Final = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "dim": "#59626c",
    "rule": "#c3cad1",
    "faint": "#eceff2",
    "points": "#0068a8",
    "good": "#11683a",
    "bad": "#b00020",
}
_DARK: Final = {
    "paper": "#14171a",
    "ink": "#e4e7ea",
    "dim": "#9aa4ae",
    "rule": "#4a535c",
    "faint": "#22272c",
    "points": "#63b3e8",
    "good": "#6fd39a",
    "bad": "#ff7a8a",
}
_RULES: Final = """
text {{ font: 11px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; fill: {dim}; }}
.page {{ fill: {paper}; }} .axis {{ stroke: {dim}; }} .grid {{ stroke: {faint}; }}
.head {{ font-size: 17px; font-weight: 600; fill: {ink}; }}
.section {{ font-size: 14px; font-weight: 600; fill: {ink}; }}
.name {{ font-size: 12px; font-weight: 600; fill: {ink}; }}
.proportional {{ fill: none; stroke: {rule}; stroke-width: 1; stroke-dasharray: 2 3; }}
.law {{ fill: none; stroke: {points}; stroke-width: 1.6; }} .mark {{ fill: {points}; stroke: {paper}; }}
.good {{ fill: {good}; }} .bad {{ fill: {bad}; font-weight: 600; }} .open {{ fill: {dim}; }}
"""
_TITLES: Final = {
    What.WEARABLES: "number of wearables",
    What.HOP: "hop",
    What.OUTPUTS: "outputs of the pack",
    What.HOURS: "hours of a run",
    What.STORE: "size of the store",
}
_COLUMNS: Final = 6
_WIDTH, _HEIGHT = 196, 190
_LEFT, _RIGHT, _TOP, _FOOT = 46, 14, 54, 40
_MARGIN, _HEAD, _SECTION = 16, 66, 30
_STEPS: Final = 24


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where something is drawn: its column and row."""

    column: int
    row: int

    @property
    def left_px(self) -> float:
        """Left edge."""
        return _MARGIN + self.column * _WIDTH

    @property
    def top_px(self) -> float:
        """Top edge, under the section's title."""
        return _HEAD + self.row * (_HEIGHT + _SECTION) + _SECTION


def draw(measured: Sequence[Series], machine: str) -> str:
    """Draw every series.

    Parameters
    ----------
    measured
        In their order; those of one kind of size together.
    machine
        What they were measured on, in one line.

    Returns
    -------
    str
        An SVG document that needs no other file, light or dark as its reader has it.
    """
    placed = _places(measured)
    n_rows = 1 + max((place.row for place, _ in placed), default=0)
    width, height = 2 * _MARGIN + _COLUMNS * _WIDTH, _HEAD + n_rows * (_HEIGHT + _SECTION) + _MARGIN
    parts = [
        element("style", Markup(_style())),
        element("rect", width=width, height=height, class_="page"),
        words(_MARGIN, 28, "How cost grows", "start", "head"),
        words(_MARGIN, 48, f"{machine}.", "start"),
        words(width - _MARGIN, 28, "line: a + b n; dots: medians; dashes: proportional to the size", "end"),
        element(
            "text",
            element("tspan", "linear or better", class_="good"),
            ", not decided, ",
            element("tspan", "worse", class_="bad"),
            x=width - _MARGIN,
            y=48,
            text_anchor="end",
        ),
        join(_sections(placed)),
        join(_panel(place, series) for place, series in placed),
    ]
    description = "; ".join(_said(series) for series in measured)
    return element(
        "svg",
        svg("growth", "How cost grows", description, width, height, join(parts)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )


def _style() -> str:
    light, dark = _RULES.format(**_LIGHT), _RULES.format(**_DARK)
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}\n"


def _places(measured: Iterable[Series]) -> list[tuple[_Placed, Series]]:
    """Put the panels of one kind of size side by side, and two kinds in a row where both have room."""
    of: dict[What, list[Series]] = {}
    for series in measured:
        of.setdefault(series.what, []).append(series)
    placed: list[tuple[_Placed, Series]] = []
    column = row = 0
    for some in of.values():
        if column + len(some) > _COLUMNS and column > 0:
            column, row = 0, row + 1
        for series in some:
            if column == _COLUMNS:
                column, row = 0, row + 1
            placed.append((_Placed(column, row), series))
            column += 1
    return placed


def _sections(placed: Sequence[tuple[_Placed, Series]]) -> Iterable[Markup]:
    named: set[What] = set()
    for place, series in placed:
        if series.what not in named:
            named.add(series.what)
            yield words(place.left_px, place.top_px - 10, f"Against {_TITLES[series.what]}", "start", "section")


def _panel(place: _Placed, series: Series) -> Markup:
    law, sizes, costs = series.law, series.sizes, series.medians
    x = Axis(sizes[0], sizes[-1], _LEFT, _WIDTH - _RIGHT, is_log=True)
    y = logarithmic(costs, _HEIGHT - _FOOT, _TOP)
    x_ticks = ((sizes[0], _size(sizes[0])), (sizes[-1], _size(sizes[-1])))
    along = [sizes[0] * (sizes[-1] / sizes[0]) ** (i / _STEPS) for i in range(_STEPS + 1)]
    content = join(
        [
            words(2, 12, series.kind.name, "start", "name"),
            words(2, 27, f"exponent {_exponent(series)}", "start", _style_of(series)),
            frame(x, y, x_ticks, y.ticks(4), series.size_unit, series.kind.unit),
            _proportional(x, y, sizes, costs),
            _polyline(x, y, along, [law.at(n) for n in along], "law"),
            *(
                mark(x(n), y(cost), Sign("point"), f"{n:g}: {cost:.4g} {series.kind.unit}")
                for n, cost in zip(sizes, costs, strict=True)
            ),
        ]
    )
    return element("g", content, transform=f"translate({place.left_px:g} {place.top_px:g})")


def _proportional(x: Axis, y: Axis, sizes: Sequence[float], costs: Sequence[float]) -> Markup:
    """Where the cost would go if it were proportional from the first size on, as far as there is room."""
    last = min(sizes[-1], sizes[0] * y.high / costs[0])
    return line(x(sizes[0]), y(costs[0]), x(last), y(costs[0] * last / sizes[0]), "proportional")


def _polyline(x: Axis, y: Axis, sizes: Sequence[float], costs: Sequence[float], style: str) -> Markup:
    points = " ".join(f"{x(n)},{y(cost)}" for n, cost in zip(sizes, costs, strict=True))
    return element("polyline", points=points, class_=style)


def _size(size: float) -> str:
    return f"{size:,.0f}" if size >= 1 else f"{size:.2g}"


def _exponent(series: Series) -> str:
    return str(series.law.exponent).replace("-", MINUS)


def _style_of(series: Series) -> str:
    if not series.as_asked:
        return "bad"
    match series.law.verdict:
        case Verdict.CONSTANT | Verdict.LINEAR_OR_BETTER:
            return "good"
        case Verdict.WORSE:
            return "bad"
        case Verdict.UNDECIDED:
            return "open"


def _said(series: Series) -> str:
    return f"{series.kind.name} against {series.size_unit}: {series.law.verdict}, exponent {series.law.exponent}"
