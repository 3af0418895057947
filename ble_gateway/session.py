"""Wires a link to the loop and the store: the one place where the radio's thread hands over to the work."""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import TypeAlias

from ble_gateway.stream import H10Stream, Received
from edge.loop import InferenceLoop
from edge.outcome import Outcome
from edge.signal import Gap, SampleBlock
from edge.store import StoredRun

Observe: TypeAlias = Callable[[SampleBlock | None, tuple[Outcome, ...]], None]
"""Called with each block and the outcomes of the windows it completed; without a block at the end."""


async def run_session(
    notifications: AsyncIterable[Received],
    stream: H10Stream,
    loop: InferenceLoop,
    run: StoredRun,
    observe: Observe,
) -> None:
    """Take notifications to stored outcomes, until there are no more.

    Raises
    ------
    StoreError
        If samples cannot be kept; what was committed before is still there.
    """
    async for received in notifications:
        block = stream.feed(received)
        if block is not None:
            observe(block, await asyncio.to_thread(_keep, loop, run, block))


async def end_session(loop: InferenceLoop, run: StoredRun, observe: Observe, missing: Gap | None = None) -> None:
    """Keep what was left in the loop, and what is known to be missing after the last block."""
    outcomes = await asyncio.to_thread(loop.finish)
    await asyncio.to_thread(run.end, outcomes, missing)
    observe(None, outcomes)


def _keep(loop: InferenceLoop, run: StoredRun, block: SampleBlock) -> tuple[Outcome, ...]:
    outcomes = loop.push(block)
    run.append(block, outcomes)
    return outcomes
