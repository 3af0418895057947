"""What was measured, for people: a page of short tables, each pack's accuracy above its speed."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from benchmarks.bench.comparing.words import accuracy_line
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.measuring.interval import interval, number, widening
from benchmarks.bench.result import Mood, OperatorTime, PackResult, Result
from edge.budget import Stage

_STARTS: Final = {
    Quantity.COLD_START: "cold start to the first outcome",
    Quantity.COLD_LOAD: "load, page cache cold",
    Quantity.LOAD: "load, page cache warm",
    Quantity.FIRST_INFERENCE: "first inference",
    Quantity.ENERGY: "energy of a window above idle",
}

_OF_THREADS: Final = frozenset({Quantity.FIRST_INFERENCE, Quantity.ENERGY})


def page(result: Result) -> Iterator[RenderableType]:
    """Give what is printed of a result, in order."""
    yield _machine(result)
    for pack in result.packs:
        yield from _pack(pack, result)


def _machine(result: Result) -> Table:
    machine, mood = result.machine, result.mood
    table = _facts()
    hardware = (
        f"{machine.processor} ({machine.architecture}, {machine.n_cores} cores, {machine.memory_mb / 1e3:.1f} GB)"
    )
    table.add_row("machine", escape(hardware + (f", board {machine.board}" if machine.board else "")))
    table.add_row("software", escape(f"{machine.system}, Python {machine.python}, {machine.runtime}"))
    table.add_row("source", escape(f"anyecg {machine.anyecg}{_commit(result.commit)}, {result.created}"))
    table.add_row("asked for", escape(result.settings))
    for peak in result.peaks:
        said = f"{peak.int8_gmacs:.0f} int8 GMAC/s, {peak.read_gb_s:.1f} GB/s read"
        table.add_row(f"peak, {_threads(peak.threads)}", said)
    table.add_row("energy", escape(result.energy_source))
    table.add_row("mood", escape(_mood(mood)))
    if mood.noisy:
        wider = f"intervals are {widening(mood):.2f} times as wide"
        table.add_row("[bold yellow]noisy[/]", f"[yellow]{escape('; '.join(mood.noisy))}: {wider}[/]")
    return table


def _mood(mood: Mood) -> str:
    said = [
        f"load {mood.load_average[0]:.1f} to {mood.load_average[1]:.1f}",
        f"others {mood.others:.0%}",
        f"stolen {mood.stolen:.1%}",
        f"yardstick spread {mood.yardstick_spread:.1%}",
    ]
    if mood.frequency_mhz:
        said.append(f"{mood.frequency_mhz[0]:.0f} to {mood.frequency_mhz[1]:.0f} MHz {mood.governor}".rstrip())
    if mood.temperature_c:
        said.append(f"{mood.temperature_c[0]:.0f} to {mood.temperature_c[1]:.0f} °C")
    return ", ".join(said)


def _pack(pack: PackResult, result: Result) -> Iterator[RenderableType]:
    yield f"\n[bold]{escape(pack.label)}[/]"
    table = _facts()
    table.add_row("pack", f"{pack.size_bytes:,} bytes, {escape(pack.quantisation)}, sha256 {pack.sha256[:12]}")
    kinds = ", ".join(f"{n} {name}" for name, n in pack.operators.items())
    table.add_row("a window", f"{pack.macs / 1e6:,.1f} M multiply-accumulates, {pack.weight_bytes:,} bytes of weights")
    table.add_row("operators", f"{escape(kinds)} on {escape(pack.kernel_family)}")
    name, _, said = accuracy_line(pack.accuracy).partition(": ")
    table.add_row(name, escape(said))
    yield table
    wider = widening(result.mood)
    yield _network(pack, result, wider)
    yield _starts(pack, wider)
    if pack.memory:
        yield _stages(pack, wider)
    yield _costs(pack, wider)
    yield from _operators(pack)
    if pack.notes:
        notes = _facts()
        for note in pack.notes:
            notes.add_row("note", escape(note))
        yield notes


def _network(pack: PackResult, result: Result, wider: float) -> Table:
    table = _table(
        "network alone, ms a window", "threads", "batch", "p50", "95 %", "p95", "p99", "max", "win/s", "% peak"
    )
    peaks = {peak.threads: peak.int8_gmacs for peak in result.peaks}
    for one in pack.find(Quantity.INFERENCE):
        at = one.conditions
        gmacs = pack.macs / 1e9 / (one.figure / 1e3)
        share = f"{gmacs / peaks[at.threads]:.0%}" if at.threads in peaks else "-"
        table.add_row(str(at.threads), str(at.batch), *_spread(one, wider), f"{1e3 / one.figure:,.0f}", share)
    return table


def _starts(pack: PackResult, wider: float) -> Table:
    table = _table("to begin with", "", "median", "95 %", "max", "unit")
    for quantity, words in _STARTS.items():
        for one in pack.find(quantity):
            threads = f", {_threads(one.conditions.threads)}" if quantity in _OF_THREADS else ""
            between = interval([run.median for run in one.runs], wider)
            table.add_row(words + threads, number(one.figure), str(between), number(max(one.values)), quantity.unit)
    return table


def _stages(pack: PackResult, wider: float) -> Table:
    table = _table("whole loop, ms a window", "stage", "p50", "95 %", "p95", "p99", "max")
    for stage in Stage:
        for one in pack.find(Quantity.STAGE, stage=stage):
            words = f"{stage} (a block)" if stage is Stage.WINDOW else str(stage)
            table.add_row(words, *_spread(one, wider))
    return table


def _costs(pack: PackResult, wider: float) -> Table:
    table = _facts()
    for one in pack.find(Quantity.WEARABLE_HOUR):
        hop = f"{one.conditions.hop_s:g}"
        between = interval([run.median for run in one.runs], wider)
        table.add_row(
            "a wearable-hour", f"{number(one.figure)} s of processor time ({between}), a window every {hop} s"
        )
    for one in pack.find(Quantity.CPU_SHARE):
        n = one.conditions.streams
        table.add_row(
            f"{n} wearable{'s' * (n > 1)}",
            f"{number(one.figure)} % of a core, {number(one.figure / n)} % each, the loop alone",
        )
    if pack.memory:
        parts = pack.memory
        steady = parts.interpreter_mb + parts.model_mb + parts.arena_mb + parts.rest_mb
        said = (
            f"{steady:.0f} MB steady = interpreter {parts.interpreter_mb:.0f} + packs {parts.model_mb:.1f} + "
            f"runtime's tensors {parts.arena_mb:.1f} + windows {parts.rest_mb:.1f}"
        )
        peak = "".join(f"; peak {max(one.values):.0f} MB" for one in pack.find(Quantity.PEAK_RESIDENT))
        table.add_row("memory", said + peak)
    for budget in pack.budgets:
        style, word = ("green", "met") if budget.met else ("bold red", "missed")
        said = f"{budget.limit}: {number(budget.measured)} of {budget.allowed:g} ({budget.source})"
        table.add_row("budget", f"[{style}]{word}[/]: {escape(said)}")
    return table


def _operators(pack: PackResult) -> Iterator[RenderableType]:
    """Operators by kind; each one of them is in the result."""
    facts = _facts()
    facts.add_row("operators", escape(pack.profile_source))
    yield facts
    if not pack.profile:
        return
    kinds: dict[str, list[OperatorTime]] = {}
    for one in pack.profile:
        kinds.setdefault(one.name.partition(" ")[2], []).append(one)
    table = _table("", "kind of operator", "how many", "ms", "share")
    for kind, ones in sorted(kinds.items(), key=lambda item: -sum(one.ms for one in item[1])):
        table.add_row(
            escape(kind), str(len(ones)), number(sum(o.ms for o in ones)), f"{sum(o.share for o in ones):.1%}"
        )
    yield table


def _spread(one: Measurement, wider: float) -> Sequence[str]:
    """Median over processes and its interval, then percentiles of all values."""
    p95, p99 = np.percentile(one.values, (95, 99)).tolist()
    between = interval([run.median for run in one.runs], wider)
    return number(one.figure), str(between), number(p95), number(p99), number(max(one.values))


def _threads(n: int) -> str:
    return f"{n} thread{'s' * (n > 1)}"


def _commit(commit: str) -> str:
    return f", commit {commit[:10]}{'+' * commit.endswith('+')}" if commit else ""


def _facts() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i == 0 else "right", no_wrap=True)
    return table
