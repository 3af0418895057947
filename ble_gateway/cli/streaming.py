"""What `demo` and `run` share: one stream from the link to the store, shown as it comes, ended as asked."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.live import Live

from ble_gateway.cli.scene import Scene
from ble_gateway.link import Link, LinkState
from ble_gateway.session import Observe, end_session, run_session
from ble_gateway.stream import H10Stream
from edge.cli.console import errors, outcome_line, output
from edge.loop import InferenceLoop
from edge.outcome import Outcome
from edge.signal import Gap, GapReason, SampleBlock
from edge.store import StoredRun

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FRAMES_A_SECOND: Final = 12


@dataclass(frozen=True, slots=True)
class Streaming:
    """One stream, from the strap to the store.

    Parameters
    ----------
    link
        Not yet open.
    loop, run
        Where blocks go.
    title, notice
        For the screen: what runs, and what the user must know about it.
    speed
        Stream seconds per second.
    samples_sent
        Samples the strap has taken, where that is known.
    also
        Called with everything that happens, besides the screen.
    """

    link: Link
    loop: InferenceLoop
    run: StoredRun
    title: str
    notice: str
    speed: float = 1.0
    samples_sent: Callable[[], int] | None = None
    also: Observe = lambda _block, _outcomes: None
    stream: H10Stream = field(default_factory=H10Stream)

    async def until(self, ended: Callable[[], Awaitable[object]], *, as_json: bool) -> None:
        """Stream until `ended` is, or the user interrupts; either way everything received is kept.

        Raises
        ------
        GatewayError
            If the stream cannot begin. Once it has begun, it outlasts every loss of the link.
        StoreError
            If samples cannot be kept.
        """
        with self._shown(errors if as_json else output) as show:

            def observe(block: SampleBlock | None, outcomes: tuple[Outcome, ...]) -> None:
                self.also(block, outcomes)
                show(block, outcomes)

            with _interrupts() as interrupted:
                await self._open(interrupted)
                async with contextlib.aclosing(self.link):
                    closing = asyncio.create_task(self._close_when(ended, interrupted))
                    try:
                        await run_session(self.link, self.stream, self.loop, self.run, observe)
                    finally:
                        closing.cancel()
                        await asyncio.gather(closing, return_exceptions=True)
            await end_session(self.loop, self.run, observe, self._missing_at_the_end())

    async def _open(self, interrupted: asyncio.Event) -> None:
        """Open the link; an interrupt before the stream begins gives up at once."""
        opening, interruption = asyncio.create_task(self.link.open()), asyncio.create_task(interrupted.wait())
        try:
            await asyncio.wait({opening, interruption}, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                raise KeyboardInterrupt
            opening.result()
        finally:
            for task in (opening, interruption):
                task.cancel()
            await asyncio.gather(opening, interruption, return_exceptions=True)

    async def _close_when(self, ended: Callable[[], Awaitable[object]], interrupted: asyncio.Event) -> None:
        waiting = {asyncio.ensure_future(ended()), asyncio.create_task(interrupted.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        await self.link.aclose()

    def _missing_at_the_end(self) -> Gap | None:
        """Samples that were taken after the last one that arrived, where the strap's count is known."""
        received = self.stream.samples_received + self.stream.samples_lost
        missing = self.samples_sent() - received if self.samples_sent else 0
        return Gap(received, missing, GapReason.DISCONNECTED) if missing > 0 else None

    @contextlib.contextmanager
    def _shown(self, console: Console) -> Iterator[Observe]:
        if not console.is_terminal:
            console.print(f"{self.title}: {self.notice}", markup=False)
            lines = _Lines(console, self.link)
            self.link.on_state = lines.tell_state
            yield lines.observe
            return
        scene = Scene(
            self.title,
            self.notice,
            pack=self.loop.model.pack.manifest.label,
            link=self.link,
            stream=self.stream,
            speed=self.speed,
            samples_sent=self.samples_sent,
        )
        with Live(scene, console=console, refresh_per_second=_FRAMES_A_SECOND, screen=False):
            yield scene.observe


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

    def __init__(self, console: Console, link: Link) -> None:
        self._console, self._link = console, link
        self.tell_state(link.state)

    def tell_state(self, state: LinkState) -> None:
        """Say where the link stands."""
        self._console.print(f"link {state}: {self._link.peer}", markup=False)

    def observe(self, block: SampleBlock | None, outcomes: tuple[Outcome, ...]) -> None:
        """Say what the session has done."""
        if block is not None and block.first_index == 0:
            self._console.print("first samples have arrived")
        if block is not None and block.gap_before:
            gap = block.gap_before
            self._console.print(f"{gap.n_samples} samples lost: {gap.reason.replace('_', ' ')}")
        for outcome in outcomes:
            self._console.print(outcome_line(outcome), soft_wrap=True)
