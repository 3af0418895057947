"""What `anyecg fit` shows: one board with a picture of its memory and every figure's source, or all of them in rows."""

from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from converter.patch.fit import USABLE, Pace, Prediction, Wearing
from edge.boards.fitting import Margin
from edge.boards.profile import Memory
from edge.boards.shelf import core_of
from edge.boards.span import Span

_BAR: Final = 48
_SMALL_BAR: Final = 8
_DIGITS_OF_A_SPAN: Final = 2
_ALIKE: Final = 1.001
"""Ends of a span that are shown as one figure."""
_KEPT, _PACK, _FREE = "▒", "█", "░"


def board_table(name: str, found: Prediction, wearing: Wearing, file_bytes: int) -> Table:
    """Return everything about the pack on one board.

    Parameters
    ----------
    name
        Of the pack, for people.
    found
        What it costs on the board.
    wearing
        How the patch is worn.
    file_bytes
        Size of the pack's file, which is what `anyecg flash` sends.
    """
    table = Table(title=_headline(name, found), title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, said in _rows(found, wearing, file_bytes):
        table.add_row(what, said)
    return table


def _headline(name: str, found: Prediction) -> str:
    verdict = "[green]fits[/]" if found else f"[bold red]does not fit[/]: {', '.join(_shortfalls(found))}"
    return f"{escape(name)} on {escape(found.board.title)}: {verdict}"


def _shortfalls(found: Prediction) -> Iterator[str]:
    if not found.fit.flash.enough:
        yield f"flash short by {-found.fit.flash.spare_bytes:,} bytes"
    if not found.fit.ram.enough:
        yield f"RAM short by {-found.fit.ram.spare_bytes:,} bytes"
    if found.fit.unknown_operators:
        yield f"no {', '.join(found.fit.unknown_operators)}"
    if found.pace is Pace.TOO_SLOW:
        yield f"a window takes {100 * found.duty.typical:.0f} % of the time there is"


def _rows(found: Prediction, wearing: Wearing, file_bytes: int) -> Iterator[tuple[str, Text | str]]:
    board, fit, needs = found.board, found.fit, found.needs
    yield "flash", _bar(board.flash, fit.flash, board.slots, _BAR)
    copies = f"{board.slots} slots, each {_of(fit.flash)}" if board.slots > 1 else _of(fit.flash)
    yield "", f"{copies}: as C inside the firmware"
    yield "", _as_a_file(Margin(file_bytes, fit.flash.room_bytes), fit.flash)
    yield "RAM", _bar(board.ram, fit.ram, 1, _BAR)
    yield "", f"{_of(fit.ram)}; {needs.ram_bytes:,} static with input and output, {needs.stack_bytes:,} stack"
    yield "", f"[dim]{_KEPT} kept by firmware, {_PACK} this pack, {_FREE} free[/]"
    yield "operators", ", ".join(needs.operators)
    yield "latency", f"{_span(found.latency_ms, 'ms')} a window"
    yield "", _worked(found)
    yield "energy", f"{_span(found.energy_uj * 1e-3, 'mJ')} a window"
    pace = "" if found.pace is Pace.KEEPS_UP else f", [yellow]{found.pace}[/]"
    yield "duty cycle", f"{_span(found.duty * 100, '%')} at a window every {wearing.hop_s:g} s{pace}"
    yield "battery", f"{_span(found.battery_days, 'days')} from {escape(wearing.battery.name)}"
    yield "", _drawn(found)
    if found.accelerated:
        yield (
            found.accelerated.name,
            f"{_span(found.accelerated.latency_ms, 'ms')} with the network on it; export-c "
            "writes C for the core, and the figures above are the core's",
        )


def _as_a_file(file: Margin, as_c: Margin) -> str:
    said = f"as a file {_of(file)}"
    if file.enough:
        return f"{said}: anyecg flash can send it"
    return f"{said}: flash it inside the firmware (anyecg export-c)" if as_c.enough else said


def _worked(found: Prediction) -> str:
    work, board = found.work, found.board
    millions = work.instructions * 1e-6
    return (
        f"{work.basis}: {_span(millions, 'M')} instructions, {_span(work.preprocess * 1e-6, 'M')} of them "
        f"preprocessing; {_span(board.cycles_per_instruction.span, 'cycles')} each at {board.clock.mhz:g} MHz"
    )


def _drawn(found: Prediction) -> str:
    milliwatts = (found.computing_uw.typical / 1e3, found.asleep_uw.typical / 1e3, found.rest_uw / 1e3)
    computing, asleep, rest = (rounded(figure, _DIGITS_OF_A_SPAN) for figure in milliwatts)
    drawing = _span(found.mean_uw * 1e-3, "mW")
    return f"drawing {drawing}: {computing} computing, {asleep} asleep, {rest} front end and radio"


def _of(margin: Margin) -> str:
    spare = f"{margin.spare_bytes:,} spare" if margin.enough else f"[red]{-margin.spare_bytes:,} short[/]"
    return f"{margin.needed_bytes:,} of {margin.room_bytes:,} bytes, {spare}"


def _bar(memory: Memory, margin: Margin, copies: int, width: int) -> Text:
    """Draw a memory: what firmware keeps, the pack as often as it is kept, the rest; red where it is too large."""
    kept = max(1, round(width * memory.reserved_bytes / memory.total_bytes)) if memory.reserved_bytes else 0
    kept = min(kept, width - 1)
    taken = min(max(1, round(width * copies * margin.needed_bytes / memory.total_bytes)), width - kept)
    bar = Text(_KEPT * kept, style="dim")
    bar.append(_PACK * taken, style="cyan" if margin.enough else "bold red")
    bar.append(_FREE * (width - kept - taken), style="dim")
    if not margin.enough:
        bar.append(" too large", style="bold red")
    return bar


def _span(value: Span, unit: str) -> str:
    if value.high <= _ALIKE * value.low:
        return f"{rounded(value.typical)} {unit}"
    low, typical, high = (rounded(figure, _DIGITS_OF_A_SPAN) for figure in (value.low, value.typical, value.high))
    return f"{typical} {unit} ({low} to {high})"


def rounded(value: float, digits: int = 3) -> str:
    """Return a figure with so many digits that count, and no power of ten."""
    if value <= 0:
        return "0"
    decimals = digits - 1 - floor(log10(float(f"{value:.{digits - 1}e}")))
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def sources_table(found: Prediction) -> Table:
    """Return where each figure is from."""
    board, core = found.board, core_of(found.board)
    table = Table(title="Where the figures are from", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    table.add_row("flash", f"{board.flash.total_bytes:,} bytes. {escape(board.flash.source)}")
    table.add_row("  kept", f"{board.flash.reserved_bytes:,} bytes. {escape(board.flash.reserved_source)}")
    table.add_row("RAM", f"{board.ram.total_bytes:,} bytes. {escape(board.ram.source)}")
    table.add_row("  kept", f"{board.ram.reserved_bytes:,} bytes. {escape(board.ram.reserved_source)}")
    table.add_row("clock", escape(board.clock.source))
    table.add_row("instructions", escape(found.work.note))
    table.add_row("cycles each", f"{escape(core.title)}. {escape(board.cycles_per_instruction.source)}")
    table.add_row("computing", f"{_span(board.active_mw.span, 'mW')}. {escape(board.active_mw.source)}")
    table.add_row("asleep", f"{_span(board.asleep_uw.span, 'uW')}. {escape(board.asleep_uw.source)}")
    if board.npu:
        cycles = board.npu.cycles_per_mac
        table.add_row(board.npu.name, f"{_span(cycles.span, 'cycles')} a multiplication. {escape(cycles.source)}")
    table.add_row("battery", f"{100 * USABLE.low:.0f} to {100 * USABLE.high:.0f} % of its charge is used (estimate)")
    table.add_row(
        "front end", "--rest-uw; 450: one channel of a TI ADS1292 (335 uW) and Bluetooth that reports each window"
    )
    return table


def boards_table(name: str, found: Sequence[Prediction], wearing: Wearing) -> Table:
    """Return the pack on many boards, a row each."""
    table = Table(
        title=f"{escape(name)}, a window every {wearing.hop_s:g} s, {escape(wearing.battery.name)}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("board", no_wrap=True)
    table.add_column("fits", no_wrap=True)
    for heading in ("flash", "RAM"):
        table.add_column(heading, no_wrap=True)
    for heading in ("ms", "mJ", "duty %", "days"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from", no_wrap=True)
    for one in found:
        table.add_row(
            one.board.name,
            "[green]yes[/]" if one else f"[bold red]no: {_lacks(one)}[/]",
            _bar_in_row(one.board.flash, one.fit.flash, one.board.slots),
            _bar_in_row(one.board.ram, one.fit.ram, 1),
            rounded(one.latency_ms.typical, _DIGITS_OF_A_SPAN),
            rounded(one.energy_uj.typical / 1e3, _DIGITS_OF_A_SPAN),
            rounded(100 * one.duty.typical, _DIGITS_OF_A_SPAN),
            rounded(one.battery_days.typical, _DIGITS_OF_A_SPAN),
            one.work.basis.value,
        )
    table.caption = (
        f"{_KEPT} kept by firmware, {_PACK} this pack, {_FREE} free; typical figures, --board NAME has ranges"
    )
    table.caption_justify = "left"
    return table


def _lacks(one: Prediction) -> str:
    lacking = {
        "flash": not one.fit.flash.enough,
        "RAM": not one.fit.ram.enough,
        "operators": bool(one.fit.unknown_operators),
        "time": one.pace is Pace.TOO_SLOW,
    }
    return ", ".join(what for what, is_lacking in lacking.items() if is_lacking)


def _bar_in_row(memory: Memory, margin: Margin, copies: int) -> Text:
    bar = _bar(memory, margin, copies, _SMALL_BAR)
    return bar[:_SMALL_BAR]
