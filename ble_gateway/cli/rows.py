"""Several live streams: a row each."""

import threading
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ble_gateway.cli.scene import LINK_STYLE
from ble_gateway.link import Link
from ble_gateway.session import Observe, Work
from ble_gateway.stream import Block, Stream
from edge.outcome import Estimated, Outcome, OverBudget, Rejected, RhythmMeasured
from edge.waves.words import rhythm_word


class Rows:
    """All that the screen shows of several wearables.

    Parameters
    ----------
    title, notice
        What runs, and what the user must know about it.
    streams
        Where the figures come from, a row each.
    """

    def __init__(self, title: str, notice: str, streams: Sequence[tuple[Link, Stream, Work]]) -> None:
        self._title, self._notice, self._streams = title, notice, streams
        self._lock = threading.Lock()
        self._windows = [0] * len(streams)
        self._last: list[Outcome | None] = [None] * len(streams)
        self.observers: list[Observe] = [self._observer(row) for row in range(len(streams))]
        """What to call with what each session has done."""

    def _observer(self, row: int) -> Observe:
        def observe(_: Block | None, outcomes: tuple[Outcome, ...]) -> None:
            with self._lock:
                self._windows[row] += len(outcomes)
                self._last[row] = outcomes[-1] if outcomes else self._last[row]

        return observe

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            body = Group(Text(self._notice, style="bold yellow"), Text(""), self._table())
        yield Panel(body, title=Text(self._title, style="bold"), title_align="left", padding=(0, 1))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("wearable", "link", "battery"):
            table.add_column(name, no_wrap=True)
        for name in ("heart", "received", "mended", "lost", "windows"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("last window", no_wrap=True)
        for (link, stream, _), windows, last in zip(self._streams, self._windows, self._last, strict=True):
            battery = f"{stream.battery_percent} %" if stream.battery_percent is not None else ""
            table.add_row(
                Text(link.peer),
                Text(str(link.state), style=LINK_STYLE[link.state]),
                battery,
                _bpm(stream, last),
                str(stream.samples_received),
                str(stream.samples_mended),
                Text(str(stream.samples_lost), style="yellow" if stream.samples_lost else ""),
                str(windows),
                _said(last),
            )
        return table


def _bpm(stream: Stream, last: Outcome | None) -> Text:
    match last:
        case Estimated(heart_rate=rate) | RhythmMeasured(heart_rate=rate) if rate.bpm is not None:
            return Text(f"{rate.bpm:.0f} bpm", style="bold red")
        case Rejected(heart_rate_bpm=bpm) if bpm is not None:
            return Text(f"{bpm:.0f} bpm", style="bold red")
    return Text(f"{stream.heart.bpm} bpm" if stream.heart and stream.heart.bpm else "", style="dim")


def _said(last: Outcome | None) -> Text:
    match last:
        case Estimated(measured=measured):
            return Text(f"estimated, {rhythm_word(measured)}", style="green")
        case RhythmMeasured():
            return Text("rhythm measured", style="green")
        case Rejected(reason=reason):
            return Text(f"rejected: {reason}", style="yellow")
        case OverBudget(limit=limit):
            return Text(f"over budget: {limit}", style="red")
    return Text("")
