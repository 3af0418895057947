"""What `anyecg bench boards` shows: boards side by side, or one with every figure's range and source."""

from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from benchmarks.bench.boards.judging import Basis, Figured, Standing, Verdict, Whose
from benchmarks.bench.boards.prediction import Asked, Prediction
from benchmarks.bench.boards.profile import Loop
from benchmarks.bench.boards.shelf import core_of
from edge.boards.profile import Figure
from edge.boards.span import Span

_DIGITS: Final = 2
_ALIKE: Final = 1.001
"""Ends of a span that are shown as one figure."""
_SHORT: Final = {
    "latency p99, ms": "latency",
    "resident memory, MB": "memory",
    "share of a core, %": "core",
    "wearables at once": "wearables",
}
_COLOUR: Final = {
    Standing.MET: "green",
    Standing.LIKELY_MET: "green",
    Standing.LIKELY_MISSED: "yellow",
    Standing.MISSED: "bold red",
}


def heading(asked: Asked) -> str:
    """Say what a table of boards is of, in one line of rich markup."""
    return f"{escape(asked.label)}: {asked.macs / 1e6:,.1f} M multiplications, a window every {asked.hop_s:g} s"


def boards_table(found: Sequence[Prediction]) -> Table:
    """Return a pack on many boards, a row each, the slowest first: typical figures."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("board", no_wrap=True)
    for heading in ("network\nms", "window\nms", "core\n%", "wear-\nables", "MB", "mJ a\nwindow"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("budgets", overflow="fold")
    for one in sorted(found, key=lambda one: -one.window_ms.span.typical):
        table.add_row(
            one.profile.name,
            _typical(one.inference_ms),
            _typical(one.window_ms),
            _typical(one.core_share, 100),
            _typical(one.wearables),
            _typical(one.resident_mb),
            _typical(one.energy_j, 1e3),
            _budgets(one),
        )
    return table


def legend(found: Sequence[Prediction]) -> str:
    """Say what the rows' figures are, in one line of rich markup."""
    predicted = "typical figures by prediction, none of them measured"
    measured = "* measured on the board; others are typical figures by prediction"
    said = measured if any(_is_measured(figured) for one in found for figured in _all(one)) else predicted
    return f"[dim]{said}; wearables as one core has time for, not as radio has. Ranges and sources: --board NAME[/]"


def board_table(one: Prediction) -> Table:
    """Return everything about a pack on one board."""
    asked, profile = one.asked, one.profile
    table = _facts(f"{escape(asked.label)} on {escape(profile.title)}: {_headline(one)}")
    table.add_row("network", _figured(one.inference_ms, "ms"))
    table.add_row("window", _figured(one.window_ms, "ms"))
    table.add_row("one core", _figured(one.core_share, "%", 100))
    table.add_row("wearables", _figured(one.wearables, "at once"))
    table.add_row("memory", _figured(one.resident_mb, "MB"))
    table.add_row("energy", _figured(one.energy_j, "mJ a window", 1e3))
    table.add_row("power", f"{_span(one.mean_w, 'W')} with one wearable, idle included")
    return table


def verdicts_table(one: Prediction) -> Table:
    """Return each limit and what became of it."""
    table = Table(title="Budgets", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("limit", no_wrap=True)
    table.add_column("of", no_wrap=True)
    table.add_column("allowed", justify="right", no_wrap=True)
    table.add_column("is", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for verdict in one.verdicts:
        span = verdict.figured.span
        table.add_row(
            verdict.limit,
            "pack" if verdict.whose is Whose.PACK else "board",
            f"{'>= ' if verdict.at_least else ''}{verdict.allowed:g}",
            f"{rounded(span.typical)} ({rounded(span.low)} to {rounded(span.high)})",
            f"[{_COLOUR[verdict.standing]}]{verdict.words}[/]",
        )
    table.caption = "a predicted latency is a usual window's: the 99th percentile lies towards its highest"
    table.caption_justify = "left"
    return table


def reasons_table(one: Prediction) -> Table:
    """Return why the board's limits are what they are."""
    table = _facts("Why the board's budgets are what they are")
    for verdict in one.verdicts:
        if verdict.why:
            table.add_row(_SHORT[verdict.limit], f"[dim]{escape(verdict.why)}[/]")
    return table


def sources_table(one: Prediction, loop: Loop) -> Table:
    """Return where each figure is from."""
    profile, core = one.profile, core_of(one.profile)
    table = _facts("Where the figures are from")
    table.add_row("clock", f"{profile.clock.mhz:g} MHz. {escape(profile.clock.source)}")
    table.add_row("multiplication", _sourced(core.cycles_per_mac, "cycles"))
    table.add_row("instruction", _sourced(core.cycles_per_instruction, "cycles"))
    table.add_row("loop", _sourced(loop.window_instructions, "M instructions", 1e-6))
    table.add_row("between windows", _sourced(loop.second_instructions, "M instructions a second", 1e-6))
    table.add_row("process", _sourced(loop.process_mb, "MB"))
    table.add_row("model", _sourced(loop.mb_per_model_mb, "MB for each of its own"))
    table.add_row("memory", f"{profile.memory.available_mb:g} MB free. {escape(profile.memory.source)}")
    table.add_row("idle", _sourced(profile.power.idle_w, "W"))
    table.add_row("busy core", _sourced(profile.power.busy_core_w, "W"))
    return table


def rounded(value: float, digits: int = _DIGITS) -> str:
    """Return a figure with so many digits that count, and no power of ten; whole where it is, and from 100 on."""
    if value <= 0 or value == int(value):
        return f"{max(value, 0):,.0f}"
    decimals = digits - 1 - floor(log10(float(f"{value:.{digits - 1}e}")))
    return f"{round(value, max(decimals, 0)):,.{max(decimals, 0)}f}"


def _facts(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _headline(one: Prediction) -> str:
    if one:
        return f"budgets {_budgets(one)}{', by prediction' if _any_predicted(one) else ''}"
    return f"{_budgets(one)}{', by prediction' if _any_predicted(one) else ''}"


def _budgets(one: Prediction) -> str:
    if one:
        sure = all(verdict.standing is Standing.MET for verdict in one.verdicts)
        return "[green]met[/]" if sure else "[green]likely met[/]"
    worst = max((verdict.standing for verdict in one.missed), key=list(Standing).index)
    return f"[{_COLOUR[worst]}]{', '.join(_missed(one))} {worst}[/]"


def _missed(one: Prediction) -> Iterator[str]:
    """What is missed in short: a limit of the pack's manifest with a dagger, unless the board's is missed too."""
    said: dict[str, Verdict] = {}
    for verdict in one.missed:
        said.setdefault(verdict.limit, verdict)
    for limit, verdict in said.items():
        whose = "" if verdict.whose is Whose.BOARD else " (pack's own)"
        yield f"{_SHORT[limit]}{whose}"


def _all(one: Prediction) -> tuple[Figured, ...]:
    return one.inference_ms, one.window_ms, one.core_share, one.resident_mb, one.energy_j


def _any_predicted(one: Prediction) -> bool:
    return not all(_is_measured(figured) for figured in _all(one))


def _is_measured(figured: Figured) -> bool:
    return figured.basis is Basis.MEASURED


def _typical(figured: Figured, scale: float = 1.0) -> str:
    return rounded(scale * figured.span.typical) + ("*" if _is_measured(figured) else "")


def _figured(figured: Figured, unit: str, scale: float = 1.0) -> str:
    return f"{_span(figured.span * scale, unit)}, [dim]{figured.basis}: {escape(figured.source)}[/]"


def _sourced(figure: Figure, unit: str, scale: float = 1.0) -> str:
    return f"{_span(figure.span * scale, unit)}. [dim]{escape(figure.source)}[/]"


def _span(span: Span, unit: str) -> str:
    if span.high <= _ALIKE * span.low:
        return f"{rounded(span.typical, 3)} {unit}"
    low, typical, high = (rounded(figure) for figure in (span.low, span.typical, span.high))
    return f"{typical} {unit} ({low} to {high})"
