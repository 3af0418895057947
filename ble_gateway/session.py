"""Wires a link to the loop and the store: the one place where the radio's thread hands over to the work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ble_gateway.stream import Block, Stream
from ble_gateway.wearables.wearable import Received, Write
from edge.loop import InferenceLoop
from edge.outcome import Outcome
from edge.rhythm import RhythmLoop
from edge.signal import BeatBlock, Gap, SampleBlock
from edge.store import StoredRun

Observe: TypeAlias = Callable[[Block | None, tuple[Outcome, ...]], None]
"""Called with each block and the outcomes of the windows it completed; without a block at the end."""


class Source(Protocol):
    """Where values come from, and where a wearable can be written to: `Link`, or a record of one."""

    def __aiter__(self) -> AsyncIterator[Received]:
        """Iterate over the values, in the order they came."""
        ...

    def write(self, step: Write) -> None:
        """Write to the wearable."""
        ...

    def restart(self) -> None:
        """Start the stream anew: the wearable has ended it."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with the blocks of one wearable: a loop that fits what it gives, and a run to keep them in."""

    loop: InferenceLoop | RhythmLoop
    run: StoredRun

    @property
    def pack(self) -> str:
        """Name and version of the pack that runs, empty where none does."""
        return self.loop.model.pack.manifest.label if isinstance(self.loop, InferenceLoop) else ""

    def take(self, block: Block) -> tuple[Outcome, ...]:
        """Run a block through the loop and keep it with its outcomes."""
        match block, self.loop:
            case SampleBlock(), InferenceLoop():
                outcomes = self.loop.push(block)
                self.run.append(block, outcomes)
            case BeatBlock(), RhythmLoop():
                outcomes = self.loop.push(block)
                self.run.append_beats(block, outcomes)
            case _:
                raise TypeError(f"{type(self.loop).__name__} takes no {type(block).__name__}")
        return outcomes

    def end(self, missing: Gap | None = None) -> tuple[Outcome, ...]:
        """Keep what was left in the loop, and what is known to be missing after the last block."""
        outcomes = self.loop.finish()
        self.run.end(outcomes, missing)
        return outcomes


async def run_session(
    source: Source,
    stream: Stream,
    work: Work,
    observe: Observe,
    *,
    worker: Executor | None = None,
    record: Callable[[Received], None] = lambda _: None,
) -> None:
    """Take values to stored outcomes, until there are no more.

    Parameters
    ----------
    worker
        One thread for all sessions that share a model; the event loop's own threads by default.
    record
        Called with each value before anything is made of it.

    Raises
    ------
    StoreError
        If samples cannot be kept; what was committed before is still there.
    """
    running = asyncio.get_running_loop()
    ended = stream.ended

    async def take(blocks: list[Block]) -> None:
        for block in blocks:
            observe(block, await running.run_in_executor(worker, work.take, block))

    async for received in source:
        record(received)
        blocks = stream.feed(received)
        for request in stream.requests():
            source.write(request)
        if stream.ended > ended:
            ended = stream.ended
            source.restart()
        await take(blocks)
    await take(stream.finish())


async def end_session(
    work: Work, observe: Observe, missing: Gap | None = None, *, worker: Executor | None = None
) -> None:
    """Keep what was left in the loop, and what is known to be missing after the last block."""
    observe(None, await asyncio.get_running_loop().run_in_executor(worker, work.end, missing))
