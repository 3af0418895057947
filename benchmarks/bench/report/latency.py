"""How long a window takes: how it is spread, in each process and over all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.report.drawing import BOLD, RIGHT, figure, n_ticks, ruler, shortened, width_px
from benchmarks.bench.report.figures import Spread, spread
from benchmarks.bench.report.numbers import three
from benchmarks.bench.report.said import how_to, pack_heading
from benchmarks.bench.report.series import Series, Subject, threads_said
from edge.budget import Stage
from edge.page.axes import Axis, Shape, Sign, line, mark, snug, svg, words
from edge.page.markup import Column, Markup, element, join, plural, table

_ROW_PX: Final = 72
_HIGH_PX: Final = 30
"""Of the highest bin of a row."""
_BIN_PX: Final = 3
_TOP, _FOOT, _LEFT = 6, 40, 8
_MOST: Final = Sign("most", Shape.DIAMOND)


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as it is drawn and listed."""

    series: Series
    what: str
    measurement: Measurement

    @property
    def spread(self) -> Spread:
        """Its quantiles."""
        return spread(self.measurement)

    @property
    def name(self) -> str:
        """What, of which result."""
        return self.series.before(self.what)


def rows_of(subject: Subject) -> tuple[Row, ...]:
    """Steady inference of one window at a time by threads, and the whole loop."""
    single = sorted(subject.find(Quantity.INFERENCE, batch=1), key=lambda found: found[1].conditions.threads)
    rows = [Row(series, f"inference, {threads_said(m.conditions.threads)}", m) for series, m in single]
    loops = list(subject.find(Quantity.STAGE, stage=Stage.TOTAL))
    rows += [Row(series, f"whole loop{_told_apart(m, loops)}", m) for series, m in loops]
    return tuple(rows)


def _told_apart(measurement: Measurement, among: Sequence[tuple[Series, Measurement]]) -> str:
    """Say of the conditions what is not the same everywhere, beside one thread."""
    own, others = measurement.conditions, [m.conditions for _, m in among]
    said = [threads_said(own.threads)]
    if len({c.streams for c in others}) > 1:
        said.append(plural(own.streams, "stream"))
    if len({c.hop_s for c in others}) > 1:
        said.append(f"hop {own.hop_s:g} s")
    if len({c.batch for c in others}) > 1:
        said.append(f"batch {own.batch}")
    return ", " + ", ".join(said)


def latency_section(subjects: Sequence[Subject]) -> Markup:
    """Show how latency is spread, pack by pack."""
    note = (
        "Above each line: how often a latency occurred, each row to its own height. Heavy line: p50, the median of the "
        "processes' medians; thin lines: p95 and p99; diamond: the longest. Ticks below: the median of each process."
    )
    parts = [element("h2", "How long does a window take?"), element("p", note, class_="note")]
    return join([*parts, *(part for i, subject in enumerate(subjects) for part in _of_pack(i, subject))])


def _of_pack(i: int, subject: Subject) -> Iterator[Markup]:
    yield pack_heading(subject)
    rows = rows_of(subject)
    if not rows:
        yield how_to("Steady inference was not measured", f"anyecg bench {subject.label.split()[0]}.tflite")
        return
    first = rows[0]
    said = (
        f"{first.name}: {three(first.spread.p50)} ms at the median and {three(first.spread.p99)} ms at p99, "
        f"over {first.spread.n:,} windows."
    )
    yield figure(f"latency-{i}", lambda name, width: _strips(name, width, subject.label, rows), said)
    yield _quantiles(rows)
    if not any(row.what.startswith("whole loop") for row in rows):
        yield how_to("The whole loop was not run", "anyecg bench PACK --loop")


def _strips(name: str, width: int, label: str, rows: Sequence[Row]) -> Markup:
    height = _TOP + _ROW_PX * len(rows) + _FOOT
    x = snug((value for row in rows for value in row.measurement.values), _LEFT, width - RIGHT)
    foot = height - _FOOT
    content = join(
        [
            ruler(x, _TOP, foot, x.ticks(n_ticks(width)), "a window, ms (log)"),
            *(part for k, row in enumerate(rows) for part in _strip(x, _TOP + _ROW_PX * k, row)),
        ]
    )
    said = "; ".join(
        f"{row.name}: p50 {three(s.p50)} ms, p95 {three(s.p95)}, p99 {three(s.p99)}, longest {three(s.most)}, n {s.n}"
        for row in rows
        for s in [row.spread]
    )
    return svg(name, f"{label}: latency of a window", f"{said}.", width, height, content)


def _strip(x: Axis, top: float, row: Row) -> Iterator[Markup]:
    s, base, style = row.spread, top + 54, row.series.sign.style
    figures = f"p50 {three(s.p50)}, p99 {three(s.p99)} ms"
    room = x.to_px - x.from_px - 10
    if width_px(row.name, size=BOLD) + width_px(figures) > room:
        figures = f"{three(s.p50)} ms"
    room -= width_px(figures)
    yield words(x.from_px, top + 15, shortened(row.name, room, size=BOLD), "start", "name halo")
    yield words(x.to_px, top + 15, figures, "end", "label halo")
    yield element("path", d=_histogram(x, base, row.measurement.values), class_=f"area {style}")
    for quantile, height, kind in ((s.p50, _HIGH_PX + 4, "middle"), (s.p95, 16, "tail"), (s.p99, 16, "tail")):
        yield line(x(quantile), base - height, x(quantile), base, kind)
    for k, median in enumerate(s.medians):
        at = x(median)
        tick = line(at, base + 3, at, base + 10, f"process {style}")
        yield element("g", element("title", f"process {k + 1}: median {three(median)} ms"), tick)
    yield mark(x(s.most), base, _MOST, f"longest: {three(s.most)} ms")


def _histogram(x: Axis, base: float, values: Sequence[float]) -> str:
    """Outline of bins of equal width on the page."""
    counts: dict[int, int] = {}
    for value in values:
        at = int((x(value) - x.from_px) // _BIN_PX)
        counts[at] = counts.get(at, 0) + 1
    unit = _HIGH_PX / max(counts.values())
    return "".join(
        f"M{x.from_px + _BIN_PX * at:g} {base:g}v{-n * unit:.1f}h{_BIN_PX}V{base:g}" for at, n in sorted(counts.items())
    )


def _quantiles(rows: Sequence[Row]) -> Markup:
    numbers = ("p50", "p95", "p99", "longest", "processes' medians", "windows", "processes")
    columns = [Column("a window, ms"), *(Column(heading, is_number=True) for heading in numbers)]
    said = [
        (
            row.name,
            *(three(value) for value in (s.p50, s.p95, s.p99, s.most)),
            _from_to(s.medians),
            f"{s.n:,}",
            str(len(s.medians)),
        )
        for row in rows
        for s in [row.spread]
    ]
    return table(columns, said)


def _from_to(medians: Sequence[float]) -> str:
    low, high = three(min(medians)), three(max(medians))
    return low if low == high else f"{low} to {high}"
