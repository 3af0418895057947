"""Thousands of disconnects and reconnects of one link: what they leave behind in memory, tasks and open files."""

import asyncio
import gc
import itertools
import math
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Wanted, find_one
from ble_gateway.simulator import script
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.direct import DirectAir
from ble_gateway.simulator.peripheral import BumblePeripheral, Peripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Twin
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import set_up
from edge.budget import resident_mb

_BREAK_EVERY_S: Final = 3.0
_OUTAGE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds at one moment.

    Parameters
    ----------
    reconnects
        How often the link was mended until then.
    tasks
        Tasks of the event loop.
    open_files
        File descriptors.
    python_bytes
        Memory that Python objects hold, what the script has drawn in advance left out; 0 where it is not traced.
    rss_mb
        Resident memory, MB.
    """

    reconnects: int
    tasks: int
    open_files: int
    python_bytes: int
    rss_mb: float

    @classmethod
    def now(cls, reconnects: int) -> "Held":
        """Look, once what can be collected is."""
        gc.collect()
        files = len(list(Path("/proc/self/fd").iterdir()))
        return cls(reconnects, len(asyncio.all_tasks()), files, _traced_bytes(), round(resident_mb(), 2))


def _traced_bytes() -> int:
    if not tracemalloc.is_tracing():
        return 0
    drawn_in_advance = tracemalloc.Filter(False, script.__file__)
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([drawn_in_advance]).traces)


@dataclass(frozen=True, slots=True)
class Reconnects:
    """What many reconnects came to.

    Parameters
    ----------
    kind, packets
        The wearable, and whether each HCI and ATT packet was sent.
    held
        What was held after some of them, in order.
    samples_sent, samples_received, samples_lost
        As the wearable and the gateway count them; the last ones sent are neither received nor lost.
    virtual_s, wall_s
        How long it took.
    """

    kind: str
    packets: bool
    held: tuple[Held, ...]
    samples_sent: int
    samples_received: int
    samples_lost: int
    virtual_s: float
    wall_s: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


def reconnect(kind: str, looks: tuple[int, ...], *, packets: bool) -> Reconnects:
    """Break a link again and again, on virtual time.

    Parameters
    ----------
    kind
        The wearable.
    looks
        After which reconnects to look at what is held, in order; the last one ends it.
    packets
        Whether to send each HCI and ATT packet.
    """
    return run_virtually(_perform(kind, looks, packets=packets), speed=math.inf)


async def _perform(kind: str, looks: tuple[int, ...], *, packets: bool) -> Reconnects:
    began_s, began_wall_s = asyncio.get_running_loop().time(), time.perf_counter()
    twin, clock, wearable = twin_of(kind), steady_clock(), set_up(kind)
    peripheral, radio = await (_with_packets(twin) if packets else _without_packets(twin))
    happens = Script(disconnect_every_s=_BREAK_EVERY_S, outage_s=_OUTAGE_S)
    virtual = VirtualWearable(twin, peripheral, _zigzag(), happens, clock=clock)
    await virtual.power_on()
    sighting = await find_one(radio, Wanted(address_of(1)), timeout_s=10.0)
    stream = Stream(wearable)
    held: list[Held] = []
    async with Link(radio, sighting, wearable, clock=clock) as link:
        async for received in link:
            stream.feed(received)
            for request in stream.requests():
                link.write(request)
            if len(held) < len(looks) and link.connections > looks[len(held)]:
                held.append(Held.now(link.connections - 1))
            if len(held) == len(looks):
                break
    stream.finish()
    await virtual.power_off()
    return Reconnects(
        kind,
        packets,
        tuple(held),
        virtual.samples_sent,
        stream.samples_received,
        stream.samples_lost,
        round(asyncio.get_running_loop().time() - began_s, 1),
        round(time.perf_counter() - began_wall_s, 1),
    )


def _zigzag() -> Iterator[NDArray[np.int32]]:
    return itertools.repeat(np.arange(100, dtype=np.int32))


async def _with_packets(twin: Twin) -> tuple[Peripheral, Radio]:
    air = Air()
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(1))
    return peripheral, await air.radio()


async def _without_packets(twin: Twin) -> tuple[Peripheral, Radio]:
    air = DirectAir()
    return air.peripheral(twin.advertisement, twin.services, address_of(1)), air.radio()
