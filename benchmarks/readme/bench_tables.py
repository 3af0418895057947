"""What `anyecg bench` found, as Markdown: each pack with its accuracy, then what it costs, a column each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.bench.comparing.words import accuracy_line
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.measuring.interval import interval
from benchmarks.bench.result import PackResult, Result
from benchmarks.readme.markdown import between, number, percent, table
from edge.budget import Stage

_STAGES: Final = {
    Stage.MEASURE: "waves: marks, quality, measurements",
    Stage.PREPROCESS: "preprocessing",
    Stage.QUANTISE: "quantise",
    Stage.INFER: "inference, within the loop",
    Stage.DECODE: "decode",
    Stage.TOTAL: "**full window to outcome**",
}
_STARTS: Final = {
    Quantity.FIRST_INFERENCE: "first inference, ms",
    Quantity.LOAD: "load and prove the pack, ms",
    Quantity.COLD_LOAD: "the same, nothing in the page cache",
    Quantity.COLD_START: "start of a process to the first outcome, s",
    Quantity.WEARABLE_HOUR: "processor time of a wearable-hour, s",
    Quantity.PEAK_RESIDENT: "peak resident memory, MB",
}


def machine_line(result: Result) -> str:
    """Say on what, when, of which source, and how the machine was."""
    machine = result.machine
    hardware = (
        f"{machine.processor} ({machine.architecture}, {machine.n_cores} cores, {machine.memory_mb / 1e3:.0f} GB)"
    )
    software = f"{machine.system}, Python {machine.python}, {machine.runtime}"
    commit = f"commit `{result.commit[:10]}{'+' * result.commit.endswith('+')}`" if result.commit else "a release"
    noisy = "; ".join(result.mood.noisy)
    mood = f"**noisy machine, trust it less**: {noisy}" if noisy else "quiet machine"
    return f"Measured on {hardware}, {software}, {result.created[:10]}, {commit}; {mood}."


def packs_list(result: Result, measured: Mapping[str, str]) -> str:
    """Name each pack, its file and how good it is: no speed without that.

    Parameters
    ----------
    result
        Its packs.
    measured
        By SHA-256 of a pack: what was found against the truth in this run, where its manifest states nothing.
    """
    return "\n".join(
        f"- {pack.label}, {pack.quantisation}, {pack.size_bytes:,} bytes, SHA-256 `{pack.sha256[:12]}`, "
        f"{pack.macs / 1e6:,.1f} M multiply-accumulates a window; {_accuracy(pack, measured)}"
        for pack in result.packs
    )


def _accuracy(pack: PackResult, measured: Mapping[str, str]) -> str:
    if not pack.accuracy and pack.sha256 in measured:
        return f"accuracy: {measured[pack.sha256]}"
    return accuracy_line(pack.accuracy)


def costs_table(result: Result) -> str:
    """Give every cost a row, every pack a column."""
    widening = 1.0 + result.mood.yardstick_spread if result.mood.noisy else 1.0
    rows = [*_network_rows(result, widening), *_start_rows(result, widening), *_loop_rows(result, widening)]
    heading = ["median (95 %)", *(pack.label for pack in result.packs)]
    return table(heading, [*(row for row in rows if any(row[1:])), _budget_row(result)])


def _network_rows(result: Result, widening: float) -> Iterator[list[str]]:
    peaks = {peak.threads: peak.int8_gmacs for peak in result.peaks}
    for threads in sorted({one.conditions.threads for pack in result.packs for one in pack.find(Quantity.INFERENCE)}):
        found = [(pack, next(pack.find(Quantity.INFERENCE, threads=threads, batch=1), None)) for pack in result.packs]
        yield [f"network, {threads} thread{'s' * (threads > 1)}, ms", *(_figure(one, widening) for _, one in found)]
        yield ["p95 / p99 / max", *(_tail(one, (95, 99, 100)) for _, one in found)]
        if threads in peaks:
            words = f"of the machine's int8 peak, {number(peaks[threads])} GMAC/s"
            yield [words, *(_share(one, pack.macs, peaks[threads]) for pack, one in found)]


def _start_rows(result: Result, widening: float) -> Iterator[list[str]]:
    for quantity, words in _STARTS.items():
        found = (next(pack.find(quantity, threads=1), None) for pack in result.packs)
        yield [words, *(_figure(one, widening) for one in found)]


def _loop_rows(result: Result, widening: float) -> Iterator[list[str]]:
    for stage, words in _STAGES.items():
        found = [next(pack.find(Quantity.STAGE, stage=stage), None) for pack in result.packs]
        yield [f"{words}, ms", *(_figure(one, widening) for one in found)]
        if stage is Stage.TOTAL:
            yield ["p99 / max", *(_tail(one, (99, 100)) for one in found)]
    for n in sorted({one.conditions.streams for pack in result.packs for one in pack.find(Quantity.CPU_SHARE)}):
        shares = (next(pack.find(Quantity.CPU_SHARE, streams=n), None) for pack in result.packs)
        yield [f"{n} wearable{'s' * (n > 1)}, % of one core", *(_figure(one, widening) for one in shares)]


def _budget_row(result: Result) -> list[str]:
    return ["budgets", *(_budgets(pack) for pack in result.packs)]


def _budgets(pack: PackResult) -> str:
    if not pack.budgets:
        return "no loop was run"
    missed = [budget for budget in pack.budgets if not budget.met]
    words = "; ".join(f"{one.limit} {number(one.measured)} of {number(one.allowed)}" for one in missed)
    return f"**missed**: {words}" if missed else f"{len(pack.budgets)} of {len(pack.budgets)} met"


def _figure(one: Measurement | None, widening: float) -> str:
    if one is None:
        return ""
    found = interval([run.median for run in one.runs], widening)
    return number(one.figure) + between(found.low, found.high)


def _tail(one: Measurement | None, percentiles: Sequence[int]) -> str:
    return "" if one is None else " / ".join(number(value) for value in np.percentile(one.values, percentiles).tolist())


def _share(one: Measurement | None, macs: int, peak_gmacs: float) -> str:
    return "" if one is None else percent(macs / 1e6 / one.figure / peak_gmacs)
