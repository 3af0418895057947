"""A virtual wearable, the air it is on and a gateway's radio, on virtual time."""

import asyncio
import contextlib
import functools
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import numpy as np

from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Sighting, Wanted, find_one
from ble_gateway.session import Source
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.direct import DirectAir
from ble_gateway.simulator.peripheral import BumblePeripheral, Peripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Twin
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Block, Stream
from ble_gateway.wearables.catalogue import Setup, set_up
from ble_gateway.wearables.wearable import Received, Wearable

ADDRESS = address_of(1)
_LONGEST_S = 4000.0


def on_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test on virtual time, as fast as it goes."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        run_virtually(asyncio.wait_for(test(**fixtures), _LONGEST_S), speed=math.inf)

    return run


def ramp(n_samples: int) -> np.ndarray:
    """Samples that carry their own number: none can be lost or swapped unseen."""
    return np.arange(n_samples, dtype=np.int32) % 20_000


def assert_all_are_in_their_places(blocks: list[Block], n_samples: int) -> None:
    """Every sample of the ramp is in a block or in a gap, where it belongs."""
    end_index, truth = 0, ramp(n_samples)
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
        np.testing.assert_array_equal(block.counts, truth[block.first_index : block.end_index])
    assert end_index == n_samples


@dataclass
class Scene:
    """One wearable on the air, and what a gateway needs to listen to it."""

    virtual: VirtualWearable
    radio: Radio
    sighting: Sighting
    wearable: Wearable
    clock: Callable[[], float]

    def link(self, **options: Any) -> Link:
        return Link(self.radio, self.sighting, self.wearable, clock=self.clock, **options)

    @property
    def commands(self) -> list[bytes]:
        """What the gateway has written, wherever to."""
        return [data for _, data in self.virtual.written]


@contextlib.asynccontextmanager
async def scene(
    script: Script | None = None,
    *,
    kind: str = "polar-h10",
    setup: Setup | None = None,
    twin: Twin | None = None,
    duration_s: float = 30.0,
    packets: bool = True,
) -> AsyncIterator[Scene]:
    """Put a wearable of a kind on the air; with `packets` every HCI and ATT packet is sent, else bytes are handed over.

    Its samples are a ramp, in its own counts; `twin` takes the place of the kind's usual one.
    """
    clock, wearable, twin = steady_clock(), set_up(kind, setup), twin or twin_of(kind, setup)
    peripheral, radio = await (_with_packets(twin) if packets else _without_packets(twin))
    n_samples = round(duration_s * twin.rate_hz)
    virtual = VirtualWearable(
        twin,
        peripheral,
        [ramp(n_samples)],
        script or Script(),
        clock=clock,
        n_samples=n_samples,
        leaving_stops=next(wearable.stop(), None) is None,
    )
    await virtual.power_on()
    sighting = await find_one(radio, Wanted(ADDRESS), timeout_s=5)
    yield Scene(virtual, radio, sighting, wearable, clock)
    await virtual.power_off()


async def _with_packets(twin: Twin) -> tuple[Peripheral, Radio]:
    air = Air()
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, ADDRESS)
    return peripheral, await air.radio()


async def _without_packets(twin: Twin) -> tuple[Peripheral, Radio]:
    air = DirectAir()
    return air.peripheral(twin.advertisement, twin.services, ADDRESS), air.radio()


async def play_through(scene: Scene, link: Link, stream: Stream | None = None) -> list[Block]:
    """Stream until the play is over; the blocks that came."""
    stream = stream or Stream(scene.wearable)
    async with link:
        closing = asyncio.create_task(close_after(scene, link))
        blocks = await read_to_the_end(link, stream)
        await closing
    return blocks


async def read_to_the_end(source: Source, stream: Stream) -> list[Block]:
    """Do with all values what a session does, and keep the blocks."""
    blocks = [block async for received in source for block in _take(source, stream, received)]
    return [*blocks, *stream.finish()]


def _take(source: Source, stream: Stream, received: Received) -> list[Block]:
    ended = stream.ended
    blocks = stream.feed(received)
    for request in stream.requests():
        source.write(request)
    if stream.ended > ended:
        source.restart()
    return blocks


async def close_after(scene: Scene, link: Link) -> None:
    """Close the link when the play is over."""
    await scene.virtual.over.wait()
    await link.aclose()
