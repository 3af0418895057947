"""How many wearables one core carries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.report.drawing import RIGHT, figure, n_ticks
from benchmarks.bench.report.figures import Line, line_through
from benchmarks.bench.report.numbers import three
from benchmarks.bench.report.said import how_to, pack_heading
from benchmarks.bench.report.series import Series, Subject, sign, threads_said
from edge.page.axes import Axis, frame, line, mark, svg
from edge.page.legend import legend
from edge.page.markup import Column, Markup, element, join, table

_HEIGHT: Final = 260
_LEFT, _TOP, _FOOT = 52, 26, 40
_WHOLE_CORE: Final = 100.0
_BEYOND: Final = 1.25
"""The line goes on so far beyond the largest number that was measured."""


@dataclass(frozen=True, slots=True)
class Group:
    """Measurements that differ in the number of streams alone.

    Parameters
    ----------
    series
        Of which result.
    threads, hop_s
        They ran with.
    measurements
        At least one, by number of streams.
    """

    series: Series
    threads: int
    hop_s: float
    measurements: tuple[Measurement, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.series.before(f"hop {self.hop_s:g} s, {threads_said(self.threads)}")

    @property
    def line(self) -> Line | None:
        """Through its processes; None with fewer than two numbers of streams."""
        return line_through(self.measurements)


def groups_of(subject: Subject) -> tuple[Group, ...]:
    """Gather a pack's shares of a core by result, threads and hop."""
    found: dict[tuple[str, int, float], list[tuple[Series, Measurement]]] = {}
    for series, m in subject.find(Quantity.CPU_SHARE):
        found.setdefault((series.letter, m.conditions.threads, m.conditions.hop_s), []).append((series, m))
    return tuple(
        Group(ones[0][0], threads, hop_s, tuple(m for _, m in ones)) for (_, threads, hop_s), ones in found.items()
    )


def streams_section(subjects: Sequence[Subject]) -> Markup:
    """Show the share of a core over the number of wearables; one line where it was not measured."""
    heading = element("h2", "How many wearables does it carry?")
    drawn = [(i, subject, groups) for i, subject in enumerate(subjects) if (groups := groups_of(subject))]
    if not drawn:
        return join([heading, how_to("Streams were not measured", "anyecg bench PACK --streams 1,2,4,8")])
    note = "Processor time of all threads over time of stream, per cent of one core; a point for each process."
    return join([heading, element("p", note, class_="note"), *(p for i, s, g in drawn for p in _of_pack(i, s, g))])


def _of_pack(i: int, subject: Subject, groups: Sequence[Group]) -> Iterator[Markup]:
    yield pack_heading(subject)
    if not any(group.line for group in groups):
        yield how_to("A line needs more than one number of streams", "anyecg bench PACK --streams 1,2,4,8")
        yield _table(groups)
        return
    said = " ".join(_seen(group) for group in groups)
    key = legend((sign(k), group.name) for k, group in enumerate(groups)) if len(groups) > 1 else ""
    yield figure(f"streams-{i}", lambda name, width: _chart(name, width, subject.label, groups), said, key=key)
    yield _table(groups)


def _seen(group: Group) -> str:
    fit = group.line
    if fit is None:
        return f"{group.name}: one number of streams only, so there is no line through them."
    carried = fit.carried
    if carried is None:
        return f"{group.name}: the share does not grow with wearables."
    beyond = f", far beyond the {fit.most} that were measured" if carried > 2 * fit.most else ""
    each = f"{group.name}: a wearable takes {three(fit.each)} % of a core"
    return f"{each}; on this line one core carries {carried:,}{beyond}."


def _chart(name: str, width: int, label: str, groups: Sequence[Group]) -> Markup:
    streams = [m.conditions.streams for group in groups for m in group.measurements]
    shares = [run.median for group in groups for m in group.measurements for run in m.runs]
    most = _BEYOND * max(*streams, 1)
    ends = [fit.besides + fit.each * most for group in groups if (fit := group.line)]
    x = Axis(0.0, most, _LEFT, width - RIGHT)
    y = Axis(0.0, 1.08 * max(*shares, *ends, 1e-6), _HEIGHT - _FOOT, _TOP)
    parts = [frame(x, y, _whole(x, width), y.ticks(5), "wearables at once", "of one core, %")]
    if y.high >= _WHOLE_CORE:
        parts.append(line(x.from_px, y(_WHOLE_CORE), x.to_px, y(_WHOLE_CORE), "limit"))
    for k, group in enumerate(groups):
        parts += _drawn(x, y, group, k)
    said = " ".join(_seen(group) for group in groups)
    return svg(name, f"{label}: share of a core against wearables", said, width, _HEIGHT, join(parts))


def _whole(x: Axis, width: int) -> tuple[tuple[float, str], ...]:
    return tuple(tick for tick in x.ticks(n_ticks(width)) if tick[0] == round(tick[0]))


def _drawn(x: Axis, y: Axis, group: Group, k: int) -> Iterator[Markup]:
    its_sign, fit = sign(k), group.line
    if fit:
        for begin, end, style in ((0.0, float(fit.most), "rule"), (float(fit.most), x.high, "rule beyond")):
            ends = [(n, max(0.0, fit.besides + fit.each * n)) for n in (begin, end)]
            (x1, y1), (x2, y2) = ((x(n), y(share)) for n, share in ends)
            yield line(x1, y1, x2, y2, f"{style} {its_sign.style}")
    for m in group.measurements:
        for run in m.runs:
            said = f"{group.name}, {m.conditions.streams} at once: {three(run.median)} %"
            yield mark(x(m.conditions.streams), y(run.median), its_sign, said)


def _table(groups: Sequence[Group]) -> Markup:
    counts = sorted({m.conditions.streams for group in groups for m in group.measurements})
    columns = [Column("wearables at once"), *(Column(str(n), is_number=True) for n in counts)]
    fits = ("a wearable, %", "besides, %", "R²", "one core carries", "processes")
    columns += [Column(said, is_number=True) for said in fits]
    rows = []
    for group in groups:
        shares = {m.conditions.streams: m.figure for m in group.measurements}
        fit = group.line
        carried = fit.carried if fit else None
        line_said = (three(fit.each), three(fit.besides), f"{fit.r2:.4f}") if fit else (three(None),) * 3
        n = sum(len(m.runs) for m in group.measurements)
        carries = three(None) if carried is None else f"{carried:,}"
        rows.append((group.name, *(three(shares.get(k)) for k in counts), *line_said, carries, str(n)))
    return table(
        columns, rows, caption="Share of one core, %, medians; the line is of least squares through all processes"
    )
