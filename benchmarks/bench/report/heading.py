"""What was measured, of what, on what, and how the machine was just then."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.bench.comparing.words import accuracy_line
from benchmarks.bench.report.numbers import counted, listed
from benchmarks.bench.report.said import NOT_A_DEVICE, told, without_demonstration
from benchmarks.bench.report.series import Series, Subject
from benchmarks.bench.report.verdict import verdict_line
from benchmarks.bench.result import Machine, Mood, PackResult
from edge.page.markup import Column, Markup, element, facts, join, megabytes, table

_HASH: Final = 12
"""Digits of a hash that tell it from others."""
_DEMONSTRATION: Final = "must never be taken for a trained medical model"


def title_of(series: Sequence[Series], subjects: Sequence[Subject]) -> str:
    """Say what the page shows: packs, and where they ran."""
    labels = [subject.label for subject in subjects]
    what = listed(labels) if len(labels) <= 2 else f"{len(labels)} packs"  # noqa: PLR2004 - two names have room
    machines = list(dict.fromkeys(one.result.machine.processor for one in series))
    where = machines[0] if len(machines) == 1 else f"{len(machines)} machines"
    times = f", {len(series)} results" if len(series) > 1 and len(machines) == 1 else ""
    if not labels:
        return f"Nothing was measured on {where}{times}"
    return f"What {what} cost{'s' if len(labels) == 1 else ''} on {where}{times}"


def heading(series: Sequence[Series], subjects: Sequence[Subject]) -> Markup:
    """Warn first, then say what is what."""
    return join(
        [*_warnings(series, subjects), _machines(series), _packs(subjects), *_accuracies(subjects), *_notes(subjects)]
    )


def _warnings(series: Sequence[Series], subjects: Sequence[Subject]) -> Iterator[Markup]:
    shown = [without_demonstration(s.label) for s in subjects if any(pack.demonstration for _, pack in s.entries)]
    if shown:
        yield element("p", f"DEMONSTRATION: {listed(shown)} {_DEMONSTRATION}.", class_="warning")
    for one in series:
        if one.result.mood.noisy:
            why = "; ".join(one.result.mood.noisy)
            said = one.before(f"the machine was noisy: {why}. Its figures deserve less trust.")
            yield element("p", said[0].upper() + said[1:], class_="warning")
    yield verdict_line(subjects)
    yield element("p", NOT_A_DEVICE)


def _machines(series: Sequence[Series]) -> Markup:
    said = [_facts(one) for one in series]
    if len(said) == 1:
        return facts(said[0].items())
    columns = [Column(""), *(Column(one.name) for one in series)]
    return table(columns, [(what, *(by[what] for by in said)) for what in said[0]], caption="The results")


def _facts(one: Series) -> dict[str, str]:
    result = one.result
    mood, machine = result.mood, result.machine
    return {
        "machine": _hardware(machine),
        "system": f"{machine.system}, Python {machine.python}, {machine.runtime}, anyecg {machine.anyecg}",
        "measured": f"{result.created.replace('T', ' ')} from {one.commit}",
        "asked": result.settings,
        "mood": f"noisy: {'; '.join(mood.noisy)}" if mood.noisy else "quiet",
        "load": _load(mood),
        "frequency": _frequency(mood),
        "temperature": _temperature(mood),
        "throttled": "; ".join(mood.throttled) or "not that the machine told",
    }


def _hardware(machine: Machine) -> str:
    board = f", board profile {machine.board}" if machine.board else ""
    size = f"{machine.memory_mb / 1e3:.1f} GB{board}"
    return f"{machine.processor} ({machine.architecture}, {machine.n_cores} cores, {size})"


def _load(mood: Mood) -> str:
    before, after = mood.load_average
    return (
        f"average {before:.1f} before, {after:.1f} after; others took {mood.others:.1%} of the processors, the host "
        f"{mood.stolen:.1%}; the yardstick's interquartile range was {mood.yardstick_spread:.1%} of its median"
    )


def _frequency(mood: Mood) -> str:
    governor = f", governor {mood.governor}" if mood.governor else ""
    if mood.frequency_mhz is None:
        return f"the kernel does not tell{governor}"
    low, high = mood.frequency_mhz
    return f"{low:,.0f} MHz{governor}" if low == high else f"{low:,.0f} to {high:,.0f} MHz{governor}"


def _temperature(mood: Mood) -> str:
    if mood.temperature_c is None:
        return "the kernel does not tell"
    before, highest = mood.temperature_c
    return f"{before:.1f} °C before, {highest:.1f} °C at the most"


def _packs(subjects: Sequence[Subject]) -> Markup:
    columns = [
        Column("pack"),
        Column("SHA-256"),
        Column("size", is_number=True),
        Column("MACs a window", is_number=True),
    ]
    columns += [Column("arithmetic, kernels"), Column("accuracy")]
    rows = [row for subject in subjects for row in _rows(subject)]
    return element("div", table(columns, rows, caption="The packs"), class_="packs")


def _rows(subject: Subject) -> Iterator[tuple[str, ...]]:
    """One row for every file that has this label: the same one in several results once."""
    files: dict[tuple[str, str], list[tuple[Series, PackResult]]] = {}
    for series, pack in subject.entries:
        files.setdefault((pack.sha256, pack.kernel_family), []).append((series, pack))
    for entries in files.values():
        pack = entries[0][1]
        letters = "".join(series.letter for series, _ in entries)
        label = f"{', '.join(letters)}: {pack.label}" if len(files) > 1 else pack.label
        yield (
            told(label, pack),
            element("code", pack.sha256[:_HASH]),
            megabytes(pack.size_bytes),
            counted(pack.macs),
            f"{pack.quantisation}; {pack.kernel_family}",
            accuracy_line(pack.accuracy).removeprefix("accuracy: "),
        )


def _notes(subjects: Sequence[Subject]) -> Iterator[Markup]:
    """Say what was left out, or could not be made as it should be."""
    said = [
        element("li", f"{series.before(subject.label)}: {note}")
        for subject in subjects
        for series, pack in subject.entries
        for note in pack.notes
    ]
    if said:
        yield element("ul", *said, class_="note")


def _accuracies(subjects: Sequence[Subject]) -> Iterator[Markup]:
    rows = [
        (subject.label, accuracy.name, f"{accuracy.value:.4g}", accuracy.measure)
        for subject in subjects
        for accuracy in subject.entries[0][1].accuracy
    ]
    if rows:
        columns = [Column("pack"), Column("output"), Column("accuracy", is_number=True), Column("which is")]
        yield element("details", element("summary", f"All {len(rows)} figures of accuracy"), table(columns, rows))
