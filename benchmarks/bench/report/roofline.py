"""Latency against multiply-accumulates, over the floor that the machine's peak lays under it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.comparing.words import accuracy_line
from benchmarks.bench.measurement import Quantity
from benchmarks.bench.report.drawing import BOLD, NARROW_PX, RIGHT, figure, n_ticks, shortened, width_px
from benchmarks.bench.report.figures import Floor, floor
from benchmarks.bench.report.numbers import counted, percent, three
from benchmarks.bench.report.said import how_to
from benchmarks.bench.report.series import Series, Subject, sign, threads_said
from benchmarks.bench.result import PackResult, Peak
from edge.page.axes import Axis, Sign, frame, line, logarithmic, mark, snug, svg, words
from edge.page.legend import legend
from edge.page.markup import Column, Markup, element, join, table

_HEIGHT: Final = 330
_LEFT, _TOP, _FOOT = 52, 28, 40
_CAP_PX: Final = 5
_LINE_PX: Final = 14
"""From one name to the next, where they would lie upon each other."""
_NAME_PX, _NARROW_NAME_PX = 300, 130
"""Room for a name."""


@dataclass(frozen=True, slots=True)
class Point:
    """A pack on a machine with so many threads.

    Parameters
    ----------
    series, pack, peak
        Which.
    ms
        Median of a window's inference.
    n
        Windows.
    """

    series: Series
    pack: PackResult
    peak: Peak
    ms: float
    n: int

    @property
    def floor(self) -> Floor:
        """Least time the machine could take."""
        return floor(self.pack, self.peak)

    @property
    def share(self) -> float:
        """Of the peak that it reaches, 0 to 1."""
        return self.floor.ms / self.ms


def points_of(subjects: Sequence[Subject]) -> tuple[Point, ...]:
    """Every pack's inference of single windows, wherever the peak of as many threads is known."""
    return tuple(
        Point(series, pack, peak, m.figure, len(m.values))
        for subject in subjects
        for series, pack in subject.entries
        if pack.macs > 0
        for m in sorted(pack.find(Quantity.INFERENCE, batch=1), key=lambda m: m.conditions.threads)
        if m.figure > 0 and (peak := series.peak(m.conditions.threads))
    )


def roofline_section(subjects: Sequence[Subject]) -> Markup:
    """Show how near each pack comes to what the machine could do."""
    heading = element("h2", "How near is it to what the machine can do?")
    points = points_of(subjects)
    if not points:
        return join([heading, how_to("The machine's peak was not measured", "anyecg bench PACK")])
    drawn = _drawn(points)
    signs = _signs(drawn)
    best = max(drawn, key=lambda point: point.share)
    key = legend((signs[which], _which(*which)) for which in signs)
    said = (
        f"{best.series.before(best.pack.label)} comes nearest: {percent(best.share)} of the peak with "
        f"{threads_said(best.peak.threads)}. Lines: the machine's peak of int8 multiply-accumulates; bar under a "
        "point: the pack's own floor, which is higher where reading its weights takes longer. Both axes logarithmic."
    )
    chart = figure("roofline", lambda name, width: _chart(name, width, drawn, signs), said, key=key)
    good = {p.pack.label: accuracy_line(p.pack.accuracy).removeprefix("accuracy: ") for p in reversed(points)}
    quality = element(
        "p", "Accuracy. ", *(f"{label}: {said}. " for label, said in reversed(good.items())), class_="note"
    )
    return join([heading, chart, _table(points), quality])


def _drawn(points: Sequence[Point]) -> Sequence[Point]:
    """All points of one result; of several those with the fewest threads, which else would lie upon each other."""
    if len({point.series.letter for point in points}) == 1:
        return points
    fewest = min(point.peak.threads for point in points)
    return [point for point in points if point.peak.threads == fewest]


def _which(letter: str, threads: int) -> str:
    return f"{letter}, {threads_said(threads)}" if letter else threads_said(threads)


def _signs(points: Sequence[Point]) -> dict[tuple[str, int], Sign]:
    kinds = dict.fromkeys((point.series.letter, point.peak.threads) for point in points)
    return {kind: sign(i) for i, kind in enumerate(kinds)}


def _chart(name: str, width: int, points: Sequence[Point], signs: dict[tuple[str, int], Sign]) -> Markup:
    macs = [point.pack.macs / 1e6 for point in points]
    x = snug([min(macs) / 3, max(macs) * 3], _LEFT, width - RIGHT)
    y = logarithmic([ms for point in points for ms in (point.ms * 1.5, point.floor.ms / 1.2)], _HEIGHT - _FOOT, _TOP)
    roofs = {(p.series.letter, p.peak.threads): p.peak for p in points}
    content = join(
        [
            frame(
                x,
                y,
                x.ticks(n_ticks(width)),
                y.ticks(6),
                "million multiply-accumulates a window (log)",
                "a window, ms (log)",
            ),
            *(_roof(x, y, peak, signs[kind]) for kind, peak in roofs.items()),
            *(part for point in points for part in _point(x, y, point, signs)),
            *_names(x, y, points),
        ]
    )
    said = "; ".join(
        f"{point.series.before(point.pack.label)}, {threads_said(point.peak.threads)}: {three(point.ms)} ms for "
        f"{counted(point.pack.macs)} multiply-accumulates, {percent(point.share)} of the peak"
        for point in points
    )
    return svg(
        name, "Latency against multiply-accumulates, with the machine's roofline", f"{said}.", width, _HEIGHT, content
    )


def _roof(x: Axis, y: Axis, peak: Peak, sign: Sign) -> Markup:
    """Line of the peak, from where it enters the chart to where it leaves."""
    per_ms = peak.int8_gmacs  # in millions, as the axis is
    low, high = max(x.low, y.low * per_ms), min(x.high, y.high * per_ms)
    if low >= high:
        return Markup("")
    return line(x(low), y(low / per_ms), x(high), y(high / per_ms), f"rule {sign.style}")


def _point(x: Axis, y: Axis, point: Point, signs: dict[tuple[str, int], Sign]) -> Iterator[Markup]:
    sign = signs[point.series.letter, point.peak.threads]
    at, over, under = x(point.pack.macs / 1e6), y(point.ms), y(point.floor.ms)
    yield line(at, over, at, under, f"stem {sign.style}")
    yield line(at - _CAP_PX, under, at + _CAP_PX, under, f"cap {sign.style}")
    yield mark(at, over, sign, f"{point.pack.label}: {three(point.ms)} ms, {percent(point.share)} of the peak")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a name may stand, px: its ends and its line."""

    begin: float
    end: float
    up: float

    def meets(self, other: "_Place") -> bool:
        return abs(self.up - other.up) < _LINE_PX and self.begin < other.end and other.begin < self.end


def _names(x: Axis, y: Axis, points: Sequence[Point]) -> Iterator[Markup]:
    """Name each pack above its points, or, where something is in the way, below its floor, where nothing can be."""
    by_pack: dict[str, list[Point]] = {}
    for point in points:
        by_pack.setdefault(point.pack.label, []).append(point)
    marks = {
        label: [_Place(x(p.pack.macs / 1e6) - 5, x(p.pack.macs / 1e6) + 5, y(p.ms) + 4) for p in of]
        for label, of in by_pack.items()
    }
    named: list[_Place] = []
    for label, of in sorted(by_pack.items(), key=lambda at: at[1][0].pack.macs):
        said = shortened(label, _NARROW_NAME_PX if x.to_px < NARROW_PX else _NAME_PX, size=BOLD)
        others = [*named, *(place for other, places in marks.items() if other != label for place in places)]
        places = _places(x, y, of, width_px(said, size=BOLD))
        place = next((place for place in places if not any(place.meets(other) for other in others)), places[0])
        named.append(place)
        yield words((place.begin + place.end) / 2, place.up, said, "middle", "name halo")


def _places(x: Axis, y: Axis, points: Sequence[Point], width: float) -> tuple[_Place, ...]:
    """Places for a name of this width: above the points, below the floor to the right, and higher and lower ones."""
    at = x(points[0].pack.macs / 1e6)
    middle = min(max(at, x.from_px + width / 2 + 2), x.to_px - width / 2)
    right = min(at + 8, x.to_px - width)
    above = min(y(point.ms) for point in points) - 9
    below = max(y(point.floor.ms) for point in points) + 14
    steps = [_LINE_PX * k for k in range(4)]
    high = [_Place(middle - width / 2, middle + width / 2, above - step) for step in steps]
    low = [_Place(right, right + width, below + step) for step in steps if below + step < y.from_px - 2]
    return (high[0], *low, *high[1:])


def _table(points: Sequence[Point]) -> Markup:
    numbers = ("threads", "p50, ms", "floor, ms", "share of peak", "reached, GMAC/s", "n")
    columns = [Column("pack"), *(Column(said, is_number=True) for said in numbers), Column("the floor is")]
    rows = [
        (
            point.series.before(point.pack.label),
            str(point.peak.threads),
            three(point.ms),
            three(point.floor.ms),
            percent(point.share),
            three(point.pack.macs / point.ms / 1e6),
            f"{point.n:,}",
            point.floor.bound,
        )
        for point in points
    ]
    peaks = {(p.series.letter, p.peak.threads): p for p in points}
    said = "; ".join(
        p.series.before(f"{threads_said(k)} {three(p.peak.int8_gmacs)} GMAC/s, {three(p.peak.read_gb_s)} GB/s")
        for (_, k), p in peaks.items()
    )
    note = element("p", f"The machine's measured peak, int8 arithmetic and reading memory: {said}.", class_="note")
    caption = "Single windows, steady; the floor is the longer of arithmetic and reading the weights"
    return join([table(columns, rows, caption=caption), note])
