"""Where in the loop the time of a window goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.bench.measurement import Conditions, Quantity
from benchmarks.bench.report.drawing import BOLD, RIGHT, box, boxes, figure, n_ticks, ruler, shortened, width_px
from benchmarks.bench.report.numbers import percent, processes, three
from benchmarks.bench.report.said import how_to, pack_heading
from benchmarks.bench.report.series import Series, Subject, threads_said
from benchmarks.bench.result import PackResult
from edge.budget import Stage
from edge.page.axes import Axis, svg, words
from edge.page.markup import Column, Markup, element, join, plural, table

_ROW_PX: Final = 54
_BAR_PX: Final = 26
_TOP, _FOOT, _LEFT = 4, 40, 8
_STYLES: Final = {
    Stage.MEASURE: "c2", Stage.PREPROCESS: "c1", Stage.QUANTISE: "c3", Stage.INFER: "c0", Stage.DECODE: "c4",
}  # fmt: skip
_REST: Final = "rest"
_LEAST_MS: Final = 1e-9
_WORDS: Final = {
    Stage.WINDOW: "resampling and cutting, a block",
    Stage.MEASURE: "beats, waves and intervals",
    Stage.PREPROCESS: "filters the network was trained with",
    Stage.QUANTISE: "millivolts to int8",
    Stage.INFER: "the network",
    Stage.DECODE: "int8 to estimates",
    _REST: "what the stages' medians leave of the whole's",
    Stage.TOTAL: "from a full window to its outcome",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """The stages of one result's loop.

    Parameters
    ----------
    series
        Of which result.
    conditions
        It ran under; no stage.
    medians
        By stage, ms.
    counts
        Values and processes by stage.
    """

    series: Series
    conditions: Conditions
    medians: dict[str, float]
    counts: dict[str, tuple[int, int]]

    @property
    def name(self) -> str:
        """Which loop."""
        c = self.conditions
        return self.series.before(
            f"{threads_said(c.threads)}, {plural(max(1, c.streams), 'stream')}, hop {c.hop_s:g} s"
        )

    @property
    def parts(self) -> dict[str, float]:
        """What a window's time is made of; the rest is what the stages leave of the whole."""
        parts = {stage: ms for stage, ms in self.medians.items() if stage not in {Stage.WINDOW, Stage.TOTAL}}
        rest = self.medians.get(Stage.TOTAL, 0.0) - sum(parts.values())
        return parts | ({_REST: rest} if rest > 0 or not parts else {})

    @property
    def whole_ms(self) -> float:
        """Of a window: its own median where it was measured, or the sum."""
        return self.medians.get(Stage.TOTAL) or sum(self.parts.values())


def bars_of(subject: Subject) -> tuple[Bar, ...]:
    """Each result's loop with the fewest streams, at every number of threads and hop."""
    return tuple(bar for series, pack in subject.entries for bar in _bars(series, pack))


def _bars(series: Series, pack: PackResult) -> Iterator[Bar]:
    found: dict[Conditions, dict[str, tuple[float, int, int]]] = {}
    for m in pack.find(Quantity.STAGE):
        under = m.conditions.model_copy(update={"stage": ""})
        found.setdefault(under, {})[m.conditions.stage] = m.figure, len(m.values), len(m.runs)
    fewest = min((c.streams for c in found), default=0)
    for c, by_stage in sorted(found.items(), key=lambda at: (at[0].threads, at[0].batch, at[0].hop_s)):
        if c.streams == fewest:
            by_order = {stage: by_stage[stage] for stage in sorted(by_stage, key=_order)}
            medians = {stage: ms for stage, (ms, _, _) in by_order.items()}
            yield Bar(series, c, medians, {stage: (n, runs) for stage, (_, n, runs) in by_order.items()})


def _order(stage: str) -> tuple[int, str]:
    known = list(Stage)
    return (known.index(Stage(stage)) if stage in known else len(known) - 2, stage)


def stages_section(subjects: Sequence[Subject]) -> Markup:
    """Show the stages of every pack's loop; one line where no loop was run."""
    heading = element("h2", "Where in the loop does the time go?")
    drawn = [(i, subject, bars) for i, subject in enumerate(subjects) if (bars := bars_of(subject))]
    if not drawn:
        return join([heading, how_to("No loop was run", "anyecg bench PACK --loop")])
    return join([heading, *(part for i, subject, bars in drawn for part in _of_pack(i, subject, bars))])


def _of_pack(i: int, subject: Subject, bars: Sequence[Bar]) -> Iterator[Markup]:
    bar = bars[0]
    yield pack_heading(subject)
    longest = max(bar.parts, key=lambda part: (part != _REST, bar.parts[part]))
    share = bar.parts[longest] / max(sum(bar.parts.values()), _LEAST_MS)
    said = (
        f"{bar.name}: {longest} takes {percent(share)} of the {three(bar.whole_ms)} ms of a window. Medians of stages; "
        "they need not add up to the median of the whole."
    )
    stages = dict.fromkeys(stage for b in bars for stage in b.parts)
    key = boxes((f"bar {style(stage)}", stage) for stage in stages)
    yield figure(f"stages-{i}", lambda name, width: _chart(name, width, subject.label, bars), said, key=key)
    yield element("details", element("summary", "Stage by stage"), _table(bars))


def style(stage: str) -> str:
    """Class of a stage's colour."""
    return _STYLES[Stage(stage)] if stage in _STYLES else "c5" if stage != _REST else "c-rest"


def _chart(name: str, width: int, label: str, bars: Sequence[Bar]) -> Markup:
    height = _TOP + _ROW_PX * len(bars) + _FOOT
    most = max([_LEAST_MS, *(sum(bar.parts.values()) for bar in bars)])
    x = Axis(0.0, 1.02 * most, _LEFT, width - RIGHT)
    foot = height - _FOOT
    content = join(
        [
            ruler(x, _TOP, foot, x.ticks(n_ticks(width)), "a window, ms"),
            *(part for k, bar in enumerate(bars) for part in _bar(x, _TOP + _ROW_PX * k, bar)),
        ]
    )
    said = "; ".join(
        f"{bar.name}: {', '.join(f'{stage} {three(ms)} ms' for stage, ms in bar.parts.items())}" for bar in bars
    )
    return svg(name, f"{label}: stages of the loop", f"{said}.", width, height, content)


def _bar(x: Axis, top: float, bar: Bar) -> Iterator[Markup]:
    whole = f"whole loop {three(bar.whole_ms)} ms"
    room = x.to_px - x.from_px - width_px(whole)
    yield words(x.from_px, top + 14, shortened(bar.name, room, size=BOLD), "start", "name halo")
    yield words(x.to_px, top + 14, whole, "end", "label halo")
    begin = 0.0
    for stage, ms in bar.parts.items():
        left, right = x(begin), x(begin + ms)
        begin += ms
        yield box(left, top + 20, right - left, _BAR_PX, f"bar {style(stage)}", f"{stage}: {three(ms)} ms")
        for said in (f"{stage} {three(ms)}", three(ms)):
            if width_px(said, size=BOLD) + 4 <= right - left:
                yield words((left + right) / 2, top + 20 + _BAR_PX / 2 + 4, said, "middle", "on")
                break


def _table(bars: Sequence[Bar]) -> Markup:
    columns = [Column("stage, ms"), *(Column(bar.name, is_number=True) for bar in bars), Column("what it is")]
    stages = sorted({stage for bar in bars for stage in bar.medians}, key=_order)
    rows = [(stage, *(three(bar.medians.get(stage)) for bar in bars), _WORDS.get(stage, "")) for stage in stages]
    values = [n for bar in bars for n, _ in bar.counts.values()]
    runs = round(median(n for bar in bars for _, n in bar.counts.values()))
    note = f"Medians of {_range(values)} values in {processes(runs)}"
    return table(columns, rows, caption=note)


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
