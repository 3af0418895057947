"""Figures that need no plot: throughput, starting, an hour of a wearable, energy."""

from collections.abc import Sequence
from typing import Final

from benchmarks.bench.comparing.words import accuracy_line, what
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.report.figures import spread
from benchmarks.bench.report.numbers import three
from benchmarks.bench.report.said import how_to
from benchmarks.bench.report.series import Series, Subject
from edge.page.markup import Column, Markup, element, join, table

_STARTS: Final = {
    Quantity.COLD_START: "from the start of a process to its first outcome",
    Quantity.COLD_LOAD: "reading, opening and proving the pack, not in the page cache",
    Quantity.LOAD: "the same, in the page cache",
    Quantity.FIRST_INFERENCE: "the first run of the network",
    Quantity.WEARABLE_HOUR: "processor time of an hour of one wearable, all threads",
}


def throughput_section(subjects: Sequence[Subject]) -> Markup:
    """Windows a second by threads and batch."""
    heading = element("h2", "How many windows a second?")
    rates: dict[tuple[str, int], dict[int, Measurement]] = {}
    good: dict[str, str] = {}
    for subject in subjects:
        for k, (series, m) in enumerate(subject.find(Quantity.INFERENCE)):
            name = series.before(subject.label)
            rates.setdefault((name, m.conditions.threads), {})[m.conditions.batch] = m
            if k == 0:
                good[name] = accuracy_line(subject.entries[0][1].accuracy).removeprefix("accuracy: ")
    if not rates:
        return join([heading, how_to("Inference was not measured", "anyecg bench PACK --threads 1,2,4 --batch 1,4")])
    batches = sorted({batch for by_batch in rates.values() for batch in by_batch})
    columns = [Column("pack"), Column("threads", is_number=True)]
    columns += [Column(f"batch {batch}", is_number=True) for batch in batches]
    columns += [Column("n", is_number=True), Column("accuracy")]
    rows = [
        (
            name,
            str(threads),
            *(_rate(by_batch.get(batch)) for batch in batches),
            f"{min(len(m.values) for m in by_batch.values()):,}",
            good.pop(name, ""),
        )
        for (name, threads), by_batch in rates.items()
    ]
    note = "Windows a second of the network alone, steady: 1,000 over the median ms of a window. n: values in a cell."
    return join([heading, element("p", note, class_="note"), element("div", table(columns, rows), class_="packs")])


def _rate(measurement: Measurement | None) -> str:
    return three(1e3 / measurement.figure) if measurement and measurement.figure > 0 else three(None)


def starts_section(subjects: Sequence[Subject]) -> Markup:
    """Everything that is measured once a process, or from without."""
    columns = [Column("pack"), Column("what")]
    columns += [Column(said, is_number=True) for said in ("median", "lowest", "longest", "n", "processes")]
    rows = [
        (
            series.before(subject.label),
            f"{what(m)}: {said}",
            f"{three(m.figure)} {quantity.unit}",
            three(min(m.values)),
            three(max(m.values)),
            f"{len(m.values):,}",
            str(len(m.runs)),
        )
        for subject in subjects
        for quantity, said in _STARTS.items()
        for series, m in subject.find(quantity)
    ]
    heading = element("h2", "How long does it take to start, and what does an hour cost?")
    if not rows:
        return join([heading, how_to("Starting was not measured", "anyecg bench PACK --loop")])
    return join([heading, element("div", table(columns, rows), class_="starts")])


def energy_section(subjects: Sequence[Subject], series: Sequence[Series]) -> Markup:
    """Joules a window, where something measured them; else why nothing did."""
    heading = element("h2", "What energy does a window take?")
    rows = []
    for subject in subjects:
        for one, m in subject.find(Quantity.ENERGY):
            s = spread(m)
            figures = (
                three(1e3 * s.p50),
                three(1e3 * min(m.values)),
                three(1e3 * s.most),
                f"{s.n:,}",
                str(len(s.medians)),
            )
            rows.append((one.before(subject.label), what(m), *figures))
    sources = element(
        "p", *(f"{one.before(one.result.energy_source or 'no source is named')}. " for one in series), class_="note"
    )
    if not rows:
        hint = how_to("No energy was measured", "anyecg bench PACK --loop --energy SOURCE")
        return join([heading, hint, sources])
    numbers = ("median, mJ a window", "lowest", "highest", "n", "processes")
    columns = [Column("pack"), Column("what"), *(Column(said, is_number=True) for said in numbers)]
    note = element("p", "Above what the machine draws idle.", class_="note")
    return join([heading, note, table(columns, rows), sources])
