"""What `demo` and `run` share: streams from their links to the store, shown as they come, ended as asked."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from rich.console import Console
from rich.live import Live

from ble_gateway.cli.rows import Rows
from ble_gateway.cli.scene import Scene
from ble_gateway.cli.work import Keeping
from ble_gateway.errors import GatewayError
from ble_gateway.link import Link, LinkState
from ble_gateway.raw import RawHeader, RawWriter
from ble_gateway.session import Observe, Work, end_session, run_session
from ble_gateway.stream import Block, Stream
from ble_gateway.wearables.catalogue import Setup
from ble_gateway.wearables.wearable import Received
from edge.cli.console import errors, outcome_line, output
from edge.outcome import Outcome
from edge.signal import Gap, GapReason, SampleBlock

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FRAMES_A_SECOND: Final = 12


@dataclass(frozen=True, slots=True)
class Streaming:
    """One stream, from the wearable to the store.

    Parameters
    ----------
    link
        Not yet open.
    stream, work
        Where its values go.
    source, store
        What the run is called, and where it lies.
    samples_sent
        Samples the wearable has taken, where that is known.
    also
        Called with everything that happens, besides the screen.
    raw
        Where its values are recorded.
    """

    link: Link
    stream: Stream
    work: Work
    source: str
    store: Path
    samples_sent: Callable[[], int] | None = None
    also: Observe = lambda _block, _outcomes: None
    raw: RawWriter | None = None

    @classmethod
    def of(
        cls,
        link: Link,
        setup: Setup,
        keeping: Keeping,
        *,
        source: str,
        simulated: bool,
        samples_sent: Callable[[], int] | None = None,
        also: Observe = lambda _block, _outcomes: None,
    ) -> Self:
        """Begin a run for a link that is not yet open.

        Raises
        ------
        GatewayError
            If its values cannot be recorded.
        """
        raw = keeping.raw_file(RawHeader(link.wearable.kind, setup, link.peer, simulated))
        work = keeping.work(link.wearable, source)
        return cls(link, Stream(link.wearable), work, source, keeping.store.path, samples_sent, also, raw)

    def figures(self) -> dict[str, Any]:
        """What is known besides what the loop and the store say."""
        stream = self.stream
        return {
            "samples_received": stream.samples_received,
            "samples_mended": stream.samples_mended,
            "lost_by_reason": {str(reason): n for reason, n in sorted(stream.lost.items())},
            "connections": self.link.connections,
            "bad_frames": stream.bad_frames,
            "stale_frames": stream.stale_frames,
            "own_outcomes": stream.own_outcomes,
        }

    def record(self, received: Received) -> None:
        """Keep a value for playing it back; where that fails, the stream goes on without."""
        if self.raw and not self.raw.closed:
            with _warned("recording of raw values ends"):
                self.raw.write(received)

    def end_record(self) -> None:
        """Keep the last values."""
        if self.raw:
            with _warned("the last raw values are not recorded"):
                self.raw.close()

    def missing_at_the_end(self) -> Gap | None:
        """Samples that were taken after the last one that arrived, where the wearable's count is known."""
        known = self.stream.samples_received + self.stream.samples_lost
        missing = self.samples_sent() - known if self.samples_sent else 0
        return Gap(known, missing, GapReason.DISCONNECTED) if missing > 0 else None


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown of it.

    Parameters
    ----------
    title, notice
        What runs, and what the user must know about it.
    console
        Where to.
    speed
        Stream seconds per second.
    """

    title: str
    notice: str
    console: Console
    speed: float = 1.0

    @classmethod
    def on(cls, title: str, notice: str, *, as_json: bool, speed: float = 1.0) -> "Show":
        """Show on stdout, or on stderr where stdout is for machines."""
        return cls(title, notice, errors if as_json else output, speed)


async def stream_until(streamings: Sequence[Streaming], ended: Callable[[], Awaitable[object]], show: Show) -> None:
    """Stream until `ended` is, or the user interrupts; either way everything received is kept.

    Raises
    ------
    GatewayError
        If no stream can begin. Once one has begun, it outlasts every loss of its link; a wearable that cannot begin
        while others do is told of.
    StoreError
        If samples cannot be kept.
    """
    with _shown(streamings, show) as observers, _interrupts() as interrupted:
        began = await _begin(streamings, interrupted, show.console)
        closing = asyncio.create_task(_close_when(began, ended, interrupted))
        # One thread: the loops share a model, and a model runs one window at a time.
        with ThreadPoolExecutor(1, "work") as worker:
            try:
                async with asyncio.TaskGroup() as group:
                    for streaming in began:
                        group.create_task(_run(streaming, observers[streamings.index(streaming)], worker))
            except* Exception as failed:
                raise failed.exceptions[0] from None
            finally:
                closing.cancel()
                await asyncio.gather(closing, *(streaming.link.aclose() for streaming in began), return_exceptions=True)


async def _run(streaming: Streaming, show: Observe, worker: ThreadPoolExecutor) -> None:
    def observe(block: Block | None, outcomes: tuple[Outcome, ...]) -> None:
        streaming.also(block, outcomes)
        show(block, outcomes)

    link, stream, work = streaming.link, streaming.stream, streaming.work
    async with contextlib.aclosing(link):
        await run_session(link, stream, work, observe, worker=worker, record=streaming.record)
    streaming.end_record()
    await end_session(work, observe, streaming.missing_at_the_end(), worker=worker)


@contextlib.contextmanager
def _warned(what: str) -> Iterator[None]:
    """Tell of an error, and go on."""
    try:
        yield
    except GatewayError as error:
        errors.print(f"{what}: {error}", style="yellow", markup=False, soft_wrap=True)


async def _begin(streamings: Sequence[Streaming], interrupted: asyncio.Event, console: Console) -> list[Streaming]:
    """Open the links; an interrupt before the streams begin gives up at once."""
    opening = [asyncio.create_task(streaming.link.open()) for streaming in streamings]
    interruption = asyncio.create_task(interrupted.wait())
    all_open = asyncio.gather(*opening, return_exceptions=True)
    try:
        both: set[asyncio.Future[Any]] = {all_open, interruption}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not all_open.done():
            raise KeyboardInterrupt
        failures = all_open.result()
    finally:
        for task in (*opening, interruption):
            task.cancel()
        await asyncio.gather(*opening, interruption, return_exceptions=True)
    began = [streaming for streaming, failure in zip(streamings, failures, strict=True) if failure is None]
    troubles = [failure for failure in failures if failure is not None]
    unexpected = next((trouble for trouble in troubles if not isinstance(trouble, GatewayError)), None)
    if unexpected or not began:
        await asyncio.gather(*(streaming.link.aclose() for streaming in began))
        raise unexpected or troubles[0]
    for trouble in troubles:
        console.print(f"left out: {trouble}", style="yellow", markup=False)
    return began


async def _close_when(
    streamings: Sequence[Streaming], ended: Callable[[], Awaitable[object]], interrupted: asyncio.Event
) -> None:
    waiting = {asyncio.ensure_future(ended()), asyncio.create_task(interrupted.wait())}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(*(streaming.link.aclose() for streaming in streamings))


@contextlib.contextmanager
def _shown(streamings: Sequence[Streaming], show: Show) -> Iterator[list[Observe]]:
    console = show.console
    if not console.is_terminal:
        console.print(f"{show.title}: {show.notice}", markup=False)
        lines = [_Lines(console, streaming.link, named=len(streamings) > 1) for streaming in streamings]
        yield [line.observe for line in lines]
        return
    if len(streamings) > 1:
        rows = Rows(show.title, show.notice, [(s.link, s.stream, s.work) for s in streamings])
        with Live(rows, console=console, refresh_per_second=_FRAMES_A_SECOND / 3, screen=False):
            yield rows.observers
        return
    (streaming,) = streamings
    scene = Scene(
        show.title,
        show.notice,
        pack=streaming.work.pack,
        link=streaming.link,
        stream=streaming.stream,
        speed=show.speed,
        samples_sent=streaming.samples_sent,
    )
    with Live(scene, console=console, refresh_per_second=_FRAMES_A_SECOND, screen=False):
        yield [scene.observe]


@contextlib.contextmanager
def _interrupts() -> Iterator[asyncio.Event]:
    """Set an event instead of raising where the user interrupts: the stream then ends as it does by itself."""
    interrupted = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in _SIGNALS:
        running.add_signal_handler(number, interrupted.set)
    try:
        yield interrupted
    finally:
        for number in _SIGNALS:
            running.remove_signal_handler(number)


class _Lines:
    """For a log instead of a screen: a line for each outcome, each loss, and each change of the link."""

    def __init__(self, console: Console, link: Link, *, named: bool) -> None:
        self._console, self._link = console, link
        self._prefix = f"{link.peer}: " if named else ""
        self.tell_state(link.state)
        link.on_state = self.tell_state

    def tell_state(self, state: LinkState) -> None:
        """Say where the link stands."""
        trouble = f" ({self._link.trouble})" if state is LinkState.WAITING and self._link.trouble else ""
        self._console.print(f"link {state}: {self._link.peer}{trouble}", markup=False, soft_wrap=True)

    def observe(self, block: Block | None, outcomes: tuple[Outcome, ...]) -> None:
        """Say what the session has done."""
        if block is not None and block.first_index == 0:
            self._console.print(f"{self._prefix}first samples have arrived", markup=False)
        if isinstance(block, SampleBlock) and block.gap_before:
            gap = block.gap_before
            text = f"{self._prefix}{gap.n_samples} samples lost: {gap.reason.replace('_', ' ')}"
            self._console.print(text, markup=False)
        for outcome in outcomes:
            self._console.print(self._prefix, outcome_line(outcome), soft_wrap=True, sep="")
