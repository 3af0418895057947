"""The trace itself: one thin path a row, clipped at the row's edges where one can see it, and hatching over gaps."""

from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.picture.markup import Markup, element, group, join, rectangle, width_mm, words
from edge.picture.paper import HEIGHT_MM, SPEED_MM_S, Gain, Page, Row
from edge.picture.strip import Stretch, View

Floats: TypeAlias = NDArray[np.float64]

_FASTEST_HZ: Final = 500.0
"""Of faster signals the highest and lowest sample of each `_BIN_S` are drawn, in their order."""
_BIN_S: Final = 0.004
_NARROWEST_GAP_MM: Final = 0.4
_NARROWEST_CLIP_MM: Final = 1.2
_NAME_MM: Final = 2.6


def thinned(times_s: Floats, x: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Leave out samples that cannot be seen, and no peak.

    Parameters
    ----------
    times_s, x
        Shape (n,): times in s, and samples.
    rate_hz
        Their rate.

    Returns
    -------
    times_s, x
        Shape (m,), m <= n: those that are left, unchanged.
    """
    if rate_hz <= _FASTEST_HZ:
        return times_s, x
    size = max(2, round(_BIN_S * rate_hz))
    n = x.size // size * size
    bins = x[:n].reshape(-1, size)
    first = np.arange(0, n, size)
    kept = np.concatenate([first + bins.argmin(axis=1), first + bins.argmax(axis=1), np.arange(n, x.size)])
    rows = np.unique(kept)
    return times_s[rows], x[rows]


def trace(page: Page, gain: Gain, seen: tuple[Stretch, ...]) -> Markup:
    """Draw what was measured: the samples in view, without their baseline."""
    thin = []
    for stretch in seen:
        times_s = stretch.begin_s + np.arange(stretch.millivolts.size) / stretch.rate_hz
        thin.append(thinned(times_s, stretch.millivolts, stretch.rate_hz))
    paths: list[Markup] = []
    clips: list[Markup] = []
    for row in page.rows:
        parts = [_place(row, gain, *part) for samples in thin if (part := _within(row.view, *samples))[0].size]
        paths += _drawn(_path(row, *part) for part in parts)
        clips += _drawn(_beyond(row, *part) for part in parts)
    return join([group("trace", *paths), group("clipped", *clips)])


def is_clipped(gain: Gain, seen: tuple[Stretch, ...]) -> bool:
    """Tell whether anything reaches beyond the edges of a row."""
    heights = (gain.above_foot(stretch.millivolts) for stretch in seen)
    return any(float(y.min()) < 0 or float(y.max()) > HEIGHT_MM for y in heights)


def gaps(page: Page, view: View, stretches: tuple[Stretch, ...]) -> Markup:
    """Hatch and name what was not measured."""
    hatched: list[Markup] = []
    said: list[Markup] = []
    at: tuple[Row | None, float] = None, 0.0
    for begin_s, end_s in view.gaps(stretches):
        for row, left, end in page.pieces(begin_s, end_s):
            if at[0] is row and end <= at[1]:
                continue  # the hatch before is drawn wider than it is, and covers this one
            right = max(end, left + _NARROWEST_GAP_MM)
            at = row, right
            hatched.append(rectangle(left, row.paper_mm, right - left, HEIGHT_MM, "gap"))
            said += _named((left + right) / 2, row.paper_mm + HEIGHT_MM / 2, right - left, end_s - begin_s)
    return join([*hatched, *said])


def _named(x: float, y: float, room_mm: float, duration_s: float) -> list[Markup]:
    """Say what a hatch is, upright where it is narrow, and not at all where it is narrower than a letter."""
    label = f"not measured, {duration_s:.1f} s"
    if room_mm >= width_mm(label, _NAME_MM):
        return [words(x, y + 0.9, label, "named", "middle")]
    if room_mm < _NAME_MM:
        return []
    turned = f"rotate(-90 {x:.2f} {y:.2f})"
    return [element("text", label, x=x, y=y + 0.9, transform=turned, text_anchor="middle", class_="named")]


def _drawn(parts: Iterable[str]) -> list[Markup]:
    """One path of all parts; none where there are none."""
    d = "".join(parts)
    return [element("path", d=d)] if d else []


def _within(view: View, times_s: Floats, x: Floats) -> tuple[Floats, Floats]:
    first, end = np.searchsorted(times_s, [view.begin_s - 1e-9, view.end_s - 1e-9])
    return times_s[first:end], x[first:end]


def _place(row: Row, gain: Gain, times_s: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Millimetres on the page, not yet clipped."""
    return row.x_mm(0.0) + times_s * SPEED_MM_S, row.foot_mm - gain.above_foot(x)


def _path(row: Row, x_mm: Floats, y_mm: Floats) -> str:
    """Join samples by lines; what is beyond an edge of the row runs along it. One sample alone is a dot."""
    y_mm = np.clip(y_mm, row.paper_mm, row.foot_mm)
    places = [f"{x:.2f} {y:.2f}" for x, y in zip(x_mm.tolist(), y_mm.tolist(), strict=True)]
    return f"M{'L'.join(places)}" if len(places) > 1 else f"M{places[0]}h0"


def _beyond(row: Row, x_mm: Floats, y_mm: Floats) -> str:
    """Lines along the edges of the row where samples lie beyond them."""
    return "".join(
        f"M{(left + right - width) / 2:.2f} {edge:g}h{width:.2f}"
        for edge, outside in ((row.paper_mm, y_mm < row.paper_mm), (row.foot_mm, y_mm > row.foot_mm))
        for left, right in _runs(x_mm, outside)
        for width in [max(right - left, _NARROWEST_CLIP_MM)]
    )


def _runs(x_mm: Floats, flags: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """First and last place of each run of flags."""
    padded = np.concatenate([[False], flags, [False]])
    bounds = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    return [(float(x_mm[first]), float(x_mm[end - 1])) for first, end in bounds]
