"""Profiles as icicles, one below the other on one scale of milliseconds, in one SVG that needs no other file."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.flame.profile import Kind, Node, Profile
from edge.page.markup import Markup, element, join, number

_WIDTH: Final = 1000.0
_MARGIN: Final = 12.0
_ROW: Final = 18.0
_GAP: Final = 1.0
"""Between rows, and between a box and the one beside it."""
_HEAD: Final = 40.0
_TITLE: Final = 24.0
_AXIS: Final = 22.0
_FOOT: Final = 40.0
_BETWEEN: Final = 18.0
_LETTER: Final = 6.5
"""About as wide as a letter of 11 px is."""
_FEWEST_LETTERS: Final = 4
_SMALLEST: Final = 1.0
"""Boxes that would be narrower are left out, with all above them."""
_TICKS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_TICK_PX: Final = 80.0
"""Least room between two of them."""

_NAMES: Final = {
    Kind.EDGE: "edge, with the numpy kernels that it calls",
    Kind.NETWORK: "the networks' runtime",
    Kind.SCIPY: "scipy",
    Kind.NUMPY: "numpy's own Python",
    Kind.OTHER: "Python's library",
}

STYLE: Final = """
text { font: 11px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: #1b1f24; }
.title { font-size: 17px; font-weight: 600; }
.which { font-size: 14px; font-weight: 600; }
.page { fill: #fff; }
.dim { fill: #59626c; }
.rule { stroke: #d5dae0; }
.edge { fill: #cfd8e3; }
.network { fill: #8ec3ea; }
.scipy { fill: #8fd3b4; }
.numpy { fill: #f2bf8c; }
.other { fill: #e3a8c4; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e7ea; }
.page { fill: #0d1117; }
.dim { fill: #9aa4ae; }
.rule { stroke: #3a424a; }
.edge { fill: #39434f; }
.network { fill: #1f5b8a; }
.scipy { fill: #1d664a; }
.numpy { fill: #85521d; }
.other { fill: #7a3558; }
}
"""
"""Both colours are written out: not every program that shows SVG knows variables."""


def draw(profiles: Sequence[tuple[str, Profile]]) -> str:
    """Draw profiles, each under its name.

    Parameters
    ----------
    profiles
        What each is called ("before"), and what was sampled; at least one.

    Returns
    -------
    str
        An SVG document.
    """
    longest_ms = max(profile.root.ms for _, profile in profiles)
    per_ms = (_WIDTH - 2 * _MARGIN) / longest_ms
    parts, top = [], _HEAD
    for name, profile in profiles:
        parts.append(_icicle(name, profile, top, per_ms))
        top += _height(profile.root, per_ms) + _BETWEEN
    first = profiles[0][1]
    height = top + _FOOT - _BETWEEN
    title = f"Where the time of one ten-second window goes, {first.pack}"
    return element(
        "svg",
        element("title", title),
        element("style", Markup(STYLE)),
        element("rect", width=_px(_WIDTH), height=_px(height), class_="page"),
        _text(_MARGIN, 24.0, title, "title"),
        *parts,
        _legend(height - 22.0),
        _text(_MARGIN, height - 6.0, _measured(first), "dim"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_px(_WIDTH)} {_px(height)}",
        role="img",
    )


def _measured(profile: Profile) -> str:
    return f"Processor time, mean of {profile.windows:,} windows; shares by sampling. {profile.machine}; {profile.date}"


def _icicle(name: str, profile: Profile, top: float, per_ms: float) -> Markup:
    root = profile.root
    said = element("tspan", f"{name}: {number(root.ms, '.2f')} ms a window", class_="which")
    commit = element("tspan", f"commit {profile.revision}", dx=10, class_="dim")
    axis = top + _TITLE
    return join(
        [
            element("text", said, commit, x=_px(_MARGIN), y=_px(top + 14.0)),
            *_axis(root.ms, axis, axis + _depth(root, per_ms) * _ROW + 4.0, per_ms),
            *_boxes(root, _MARGIN, axis + _AXIS - 4.0, per_ms, root.ms),
        ]
    )


def _axis(longest_ms: float, top: float, end: float, per_ms: float) -> Iterator[Markup]:
    step = next((tick for tick in _TICKS if tick * per_ms >= _TICK_PX), _TICKS[-1])
    for i in range(int(longest_ms / step) + 1):
        x = _MARGIN + i * step * per_ms
        yield element("line", x1=_px(x), x2=_px(x), y1=_px(top + 14.0), y2=_px(end + _AXIS - 4.0), class_="rule")
        yield _text(x, top + 11.0, f"{i * step:g}{' ms' if i == 0 else ''}", "dim")


def _boxes(node: Node, left: float, top: float, per_ms: float, whole_ms: float) -> Iterator[Markup]:
    width = node.ms * per_ms
    if width < _SMALLEST:
        return
    share = f"{node.name} ({node.place}): {number(node.ms, '.3f')} ms, {node.ms / whole_ms:.1%}"
    box = element(
        "rect",
        element("title", share),
        x=_px(left), y=_px(top), width=_px(width - _GAP * (width > 3 * _GAP)), height=_px(_ROW - _GAP), rx=1.5,
        class_=node.kind,
    )  # fmt: skip
    yield box
    label = _label(node, width)
    if label:
        yield _text(left + 4.0, top + 12.5, label)
    for call in node.calls:
        yield from _boxes(call, left, top + _ROW, per_ms, whole_ms)
        left += call.ms * per_ms


def _label(node: Node, width: float) -> str:
    """Name of a function with its milliseconds, as much of it as has room."""
    room = int((width - 8.0) / _LETTER)
    name = node.name.rpartition(".")[2] if len(node.name) > room else node.name
    said = f"{name} {number(node.ms, '.2f')}"
    if len(said) <= room:
        return said
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room >= _FEWEST_LETTERS else ""


def _depth(node: Node, per_ms: float) -> int:
    if node.ms * per_ms < _SMALLEST:
        return 0
    return 1 + max((_depth(call, per_ms) for call in node.calls), default=0)


def _height(root: Node, per_ms: float) -> float:
    return _TITLE + _AXIS + _depth(root, per_ms) * _ROW


def _legend(top: float) -> Markup:
    parts, left = [], _MARGIN
    for kind, said in _NAMES.items():
        parts.append(element("rect", x=_px(left), y=_px(top - 9.0), width=11, height=11, rx=1.5, class_=kind))
        parts.append(_text(left + 16.0, top, said))
        left += 40.0 + _LETTER * len(said)
    return join(parts)


def _text(x: float, y: float, said: str, style: str | None = None) -> Markup:
    return element("text", said, x=_px(x), y=_px(y), class_=style)


def _px(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
