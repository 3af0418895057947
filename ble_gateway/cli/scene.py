"""What a live stream looks like: fed by the session, drawn by the terminal's own thread."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, assert_never

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ble_gateway.cli.strip import Extent, draw_strip, usual_extent
from ble_gateway.link import Link, LinkState
from ble_gateway.stream import Block, Stream
from ble_gateway.wearables.wearable import Gives
from edge.outcome import Estimated, LabEstimate, Outcome, OverBudget, Rejected, RhythmMeasured
from edge.signal import BeatBlock, SampleBlock
from edge.waves.words import in_words

_STRIP_S: Final = 6.0
_STRIP_BEATS: Final = 60
_STRIP_ROWS: Final = 8
_BAR: Final = 24
LINK_STYLE: Final = {
    LinkState.SEARCHING: "yellow",
    LinkState.CONNECTING: "yellow",
    LinkState.STREAMING: "green",
    LinkState.SILENT: "yellow",
    LinkState.WAITING: "red",
    LinkState.CLOSED: "dim",
}


class Scene:
    """All that the screen shows.

    Parameters
    ----------
    title, notice
        What runs, and what the user must know about it.
    pack
        The pack's label.
    link, stream
        Where the figures come from.
    speed
        Stream seconds per second.
    samples_sent
        Samples the wearable has taken, where that is known.
    """

    def __init__(
        self,
        title: str,
        notice: str,
        *,
        pack: str,
        link: Link,
        stream: Stream,
        speed: float = 1.0,
        samples_sent: Callable[[], int] | None = None,
    ) -> None:
        self._title, self._notice, self._pack = title, notice, pack
        self._link, self._stream, self._samples_sent = link, stream, samples_sent
        self._speed = speed
        self._lock = threading.Lock()
        self._signal: deque[float] = deque()
        self._rhythm: deque[float] = deque(maxlen=_STRIP_BEATS)
        self._rate_hz = stream.wearable.rate_hz or 1.0
        self._latest_samples = 0
        self._latest_at_s = 0.0
        self._began_s: float | None = None
        self._now_s = 0.0
        self._windows = 0
        self._rejected = 0
        self._outcome: Outcome | None = None
        self._estimated: Estimated | None = None

    def observe(self, block: Block | None, outcomes: tuple[Outcome, ...]) -> None:
        """Take what the session has done."""
        with self._lock:
            match block:
                case SampleBlock():
                    self._take(block)
                case BeatBlock():
                    self._take_beats(block)
            for outcome in outcomes:
                self._windows += 1
                self._rejected += isinstance(outcome, Rejected)
                self._outcome = outcome
                self._estimated = outcome if isinstance(outcome, Estimated) else self._estimated

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            yield self._draw(options.max_width)

    def _take(self, block: SampleBlock) -> None:
        longest = round((_STRIP_S + 2) * block.rate_hz)
        if block.gap_before:
            self._signal.extend([np.nan] * min(block.gap_before.n_samples, longest))
        self._signal.extend(block.scale.millivolts(block.counts).tolist())
        while len(self._signal) > longest:
            self._signal.popleft()
        self._rate_hz, self._latest_samples = block.rate_hz, block.n_samples
        self._latest_at_s = time.monotonic()
        self._pass_to(block.start_s, block.start_s + block.n_samples * block.period_s)

    def _take_beats(self, block: BeatBlock) -> None:
        if block.gap_before:
            self._rhythm.extend([np.nan] * min(block.gap_before.n_samples, _STRIP_BEATS))
        self._rhythm.extend(block.rr_s.tolist())
        self._pass_to(block.start_s, block.start_s + block.duration_s)

    def _pass_to(self, start_s: float, end_s: float) -> None:
        if self._began_s is None:
            self._began_s = start_s
        self._now_s = end_s

    def _draw(self, width: int) -> RenderableType:
        body = Group(
            Text(self._notice, style="bold yellow"),
            Text(""),
            self._strip(width - 4),
            Text(""),
            self._measures(),
            Text(""),
            self._estimates(),
            Text(""),
            self._counters(),
        )
        return Panel(body, title=Text(self._title, style="bold"), title_align="left", padding=(0, 1))

    def _strip(self, columns: int) -> Text:
        if self._stream.wearable.gives is Gives.RHYTHM:
            return self._tachogram(columns)
        shown = round(_STRIP_S * self._rate_hz)
        # Frames arrive twice a second; the strip lags one frame behind, so that it can move evenly.
        passed = (time.monotonic() - self._latest_at_s) * self._rate_hz * self._speed
        waiting = max(0, self._latest_samples - round(passed))
        signal = np.array(self._signal)[: len(self._signal) - waiting][-shown:]
        signal = np.concatenate([np.full(shown - signal.size, np.nan), signal])
        extent = usual_extent(signal, round(self._rate_hz))
        lines = draw_strip(signal, max(10, columns), _STRIP_ROWS, extent)
        caption = f"{_STRIP_S:g} s, {extent.span_mv:.1f} mV from bottom to top"
        return Text("\n".join(lines), style="green", no_wrap=True).append(f"\n{caption}", style="dim")

    def _tachogram(self, columns: int) -> Text:
        """Intervals between the last beats, each a step."""
        intervals_s = np.array(self._rhythm)
        intervals_s = np.concatenate([np.full(_STRIP_BEATS - intervals_s.size, np.nan), intervals_s])
        known = intervals_s[np.isfinite(intervals_s)]
        middle_s = float(np.median(known)) if known.size else 1.0
        extent = Extent(middle_s - 0.3, middle_s + 0.3)
        lines = draw_strip(np.repeat(intervals_s, 4), max(10, columns), _STRIP_ROWS, extent)
        caption = (
            f"intervals between the last {_STRIP_BEATS} beats, {middle_s:.2f} s in the middle, 0.6 s from bottom to top"
        )
        return Text("\n".join(lines), style="green", no_wrap=True).append(f"\n{caption}", style="dim")

    def _measures(self) -> Text:
        text = Text()
        match self._outcome:
            case None:
                text.append("waiting for the first window", style="dim")
            case RhythmMeasured(heart_rate=rate):
                bpm = f"{rate.bpm:.0f}" if rate.bpm is not None else "--"
                text.append(f"♥ {bpm} bpm", style="bold red")
                text.append(f"   RMSSD {self._outcome.rmssd_ms:.0f} ms, SDNN {self._outcome.sdnn_ms:.0f} ms")
            case Estimated(measured=measured, heart_rate=rate):
                bpm = f"{rate.bpm:.0f}" if rate.bpm is not None else "--"
                text.append(f"♥ {bpm} bpm", style="bold red").append(f"   {in_words(measured)}")
            case Rejected(reason=reason, detail=detail, heart_rate_bpm=bpm):
                text.append(f"♥ {bpm:.0f} bpm   " if bpm is not None else "", style="bold red")
                text.append(f"window rejected: {reason}", style="bold yellow").append(f"   {detail}", style="dim")
            case OverBudget(limit=limit, hop_s=hop_s):
                text.append(f"over budget: {limit}", style="bold red").append(f"   windows every {hop_s:g} s")
            case _:
                assert_never(self._outcome)
        if self._stream.heart and self._stream.heart.bpm:
            text.append(f"   the wearable says {self._stream.heart.bpm} bpm", style="dim")
        return text

    def _estimates(self) -> RenderableType:
        if self._stream.wearable.gives is Gives.RHYTHM:
            return Text("rhythm only: no estimates without an ECG", style="dim")
        table = Table.grid(padding=(0, 2))
        for estimate in self._estimated.estimates if self._estimated else ():
            table.add_row(estimate.name, _bar(estimate), f"{estimate.probability:4.0%}")
        old = self._estimated is not None and self._estimated is not self._outcome
        which = "an earlier window" if old else "the last window"
        heading = f"estimates of {which}, not laboratory results" if self._estimated else "no estimates yet"
        return Group(Text(heading, style="dim"), table, Text(f"pack: {self._pack}", style="dim"))

    def _counters(self) -> Text:
        stream, link = self._stream, self._link
        elapsed_s = self._now_s - self._began_s if self._began_s is not None else 0.0
        text = Text("link ").append(str(link.state), style=LINK_STYLE[link.state])
        text.append(f"   {link.peer}")
        if stream.battery_percent is not None:
            text.append(f"   battery {stream.battery_percent} %")
        minutes, seconds = divmod(round(elapsed_s), 60)
        text.append(f"   {minutes}:{seconds:02d}")
        sent = f"{self._samples_sent()} sent   " if self._samples_sent else ""
        mended = f"   {stream.samples_mended} of them sent again" if stream.samples_mended else ""
        counted = "intervals" if stream.wearable.gives is Gives.RHYTHM else "samples"
        text.append(f"\n{counted}  {sent}{stream.samples_received} received{mended}   ")
        text.append(f"{stream.samples_lost} lost", style="yellow" if stream.samples_lost else "")
        by_reason = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in sorted(stream.lost.items()))
        text.append(f" ({by_reason})" if by_reason else "")
        text.append(f"\nwindows  {self._windows}   {self._rejected} rejected")
        return text


def _bar(estimate: LabEstimate) -> Text:
    filled = round(estimate.probability * _BAR)
    style = "bold magenta" if estimate.above_threshold else "cyan"
    return Text("█" * filled, style=style).append("░" * (_BAR - filled), style="dim")
