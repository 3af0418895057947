"""What a process that runs the loop keeps in memory, in parts and over time."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from benchmarks.bench.measurement import Quantity
from benchmarks.bench.report.drawing import RIGHT, boxes, figure, n_ticks
from benchmarks.bench.report.numbers import three
from benchmarks.bench.report.said import how_to, pack_heading
from benchmarks.bench.report.series import Series, Subject
from benchmarks.bench.result import Memory
from edge.page.axes import Axis, frame, svg, words
from edge.page.markup import UNKNOWN, Column, Markup, element, join, table

_HEIGHT: Final = 260
_LEFT, _TOP, _FOOT = 48, 26, 40
_ROOM: Final = 1.12
_LETTERS_PX: Final = 14
"""A band less high has no room for its name."""
_PARTS: Final = {"interpreter": "c-rest", "model": "c1", "arena": "c2", "rest": "c0"}
_WORDS: Final = {
    "interpreter": "Python and the libraries",
    "model": "reading the packs",
    "arena": "opening them: tensors, and weights packed for the kernels",
    "rest": "running windows",
}


def memory_section(subjects: Sequence[Subject]) -> Markup:
    """Show memory of every pack's loop; one line where no loop was run."""
    heading = element("h2", "How much memory does it keep?")
    drawn = [(i, subject) for i, subject in enumerate(subjects) if any(pack.memory for _, pack in subject.entries)]
    if not drawn:
        return join([heading, how_to("Memory of the loop was not measured", "anyecg bench PACK --loop")])
    note = "Resident memory of the process, MB (10⁶ bytes), from its first window on. Areas: what each step added."
    return join([heading, element("p", note, class_="note"), *(p for i, s in drawn for p in _of_pack(i, s))])


def parts_of(memory: Memory) -> dict[str, float]:
    """By part, MB."""
    return {part: getattr(memory, f"{part}_mb") for part in _PARTS}


def _of_pack(i: int, subject: Subject) -> Iterator[Markup]:
    yield pack_heading(subject)
    measured = [(series, pack.memory) for series, pack in subject.entries if pack.memory]
    most = max(max([sum(parts_of(m).values()), *(mb for _, mb in m.over_time)]) for _, m in measured)
    timed = [(series, memory) for series, memory in measured if memory.over_time]
    for k, (series, memory) in enumerate(timed):
        key = boxes((f"area {style}", part) for part, style in _PARTS.items())
        yield figure(
            f"memory-{i}-{k}",
            partial(_chart, label=subject.label, series=series, memory=memory, most=most),
            _seen(series, memory),
            key=key,
        )
    yield _table(subject, measured)


def _seen(series: Series, memory: Memory) -> str:
    (_, first), (end_s, last) = memory.over_time[0], memory.over_time[-1]
    change, largest = last - first, max(parts_of(memory).items(), key=lambda at: at[1])
    moved = f"{three(abs(change))} MB {'more' if change > 0 else 'less'} than" if change else "as much as"
    return series.before(
        f"{three(last)} MB after {three(end_s)} s, {moved} at the first look; the largest part is the {largest[0]} "
        f"with {three(largest[1])} MB ({len(memory.over_time)} looks, one process)."
    )


def _chart(name: str, width: int, label: str, series: Series, memory: Memory, most: float) -> Markup:
    end_s = max(memory.over_time[-1][0], 1e-3)
    x = Axis(0.0, end_s, _LEFT, width - RIGHT)
    y = Axis(0.0, _ROOM * max(most, 1.0), _HEIGHT - _FOOT, _TOP)
    areas, names = [], []
    at = 0.0
    for part, mb in parts_of(memory).items():
        style = _PARTS[part]
        if part == "rest":
            above = " ".join(f"L{x(s)} {y(max(now, at))}" for s, now in memory.over_time)
            d = f"M{x(0.0)} {y(at)}V{y(max(memory.over_time[0][1], at))}{above}V{y(at)}z"
            top = memory.over_time[-1][1]
        else:
            top = at + max(0.0, mb)
            d = f"M{x(0.0)} {y(at)}V{y(top)}H{x(end_s)}V{y(at)}z"
        areas.append(element("path", element("title", f"{part}: {three(mb)} MB"), d=d, class_=f"area {style}"))
        if y(at) - y(top) >= _LETTERS_PX:
            names.append(words(x.to_px - 6, (y(at) + y(top)) / 2 + 4, f"{part} {three(mb)}", "end", "label"))
        at = max(at, top) if part != "rest" else at
    line = " ".join(f"{x(s)},{y(mb)}" for s, mb in memory.over_time)
    content = join(
        [
            frame(x, y, x.ticks(n_ticks(width)), y.ticks(5), "since windows began, s", "resident, MB"),
            *areas,
            element("polyline", points=line, class_="rule c0"),
            *names,
        ]
    )
    said = f"{', '.join(f'{part} {three(mb)} MB' for part, mb in parts_of(memory).items())}. {_seen(series, memory)}"
    return svg(name, f"{series.before(label)}: resident memory over time", said, width, _HEIGHT, content)


def _table(subject: Subject, measured: Sequence[tuple[Series, Memory]]) -> Markup:
    columns = [Column("part, MB"), *(Column(series.letter or "added", is_number=True) for series, _ in measured)]
    columns.append(Column("by what"))
    rows = [
        (part, *(three(getattr(memory, f"{part}_mb")) for _, memory in measured), said) for part, said in _WORDS.items()
    ]
    for quantity, name, said in (
        (Quantity.STEADY_RESIDENT, "steady", "when windows have run for a while"),
        (Quantity.PEAK_RESIDENT, "peak", "the highest of the process"),
    ):
        found = {series.letter: m for series, m in reversed(list(subject.find(quantity)))}
        if found:
            n = max(len(m.values) for m in found.values())
            figures = (three(found[s.letter].figure) if s.letter in found else UNKNOWN for s, _ in measured)
            rows.append((name, *figures, f"{said}, median, n {n}"))
    return table(columns, rows)
