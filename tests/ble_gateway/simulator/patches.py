"""A virtual patch that runs packs, on a simulated radio, and a gateway that listens to it."""

import asyncio
import contextlib
from dataclasses import dataclass

import numpy as np

from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Wanted, find_one
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.device import PatchDevice
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.mishaps import Mishaps, Plan
from ble_gateway.simulator.source import as_counts
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.virtual_patch import VirtualPatch
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import Setup, set_up
from ble_gateway.wearables.wearable import OwnOutcome
from edge.heart.stream import HeartStream
from edge.signal import SampleBlock

RATE_HZ = 250
ADDRESS = address_of(1)


@dataclass
class Scene:
    virtual: VirtualPatch
    host: Host
    radio: Radio
    told: list[str]


@dataclass
class Heard:
    blocks: list[SampleBlock]
    outcomes: list[OwnOutcome]

    def window(self, outcome):
        """The samples that an outcome is about, as the gateway received them."""
        counts = np.concatenate([block.counts for block in self.blocks])
        begin = outcome.first - self.first
        return counts[begin : begin + outcome.n_samples]

    first: int = 0
    """Count of the first sample that was received."""


@contextlib.asynccontextmanager
async def patch_on_air(runner, *, seconds=30.0, seed=3, plan=None, outage_s=1.0, **options):
    """A patch whose heart beats for so long, from when a pack or a stream is started."""
    air, clock, told = Air(), steady_clock(), []
    device = PatchDevice(options.pop("memory", {}), runner, mishaps=Mishaps(plan or Plan()), **options)
    host = Host(device, outage_s=outage_s)
    twin = FlashedPatchTwin(device, runner, RATE_HZ)
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, ADDRESS)
    heart = as_counts(HeartStream(seed, rate_hz=RATE_HZ), RATE_HZ, twin.millivolts_per_count, twin.rails)
    virtual = VirtualPatch(
        twin,
        peripheral,
        heart,
        Script(outage_s=outage_s),
        clock=clock,
        host=host,
        n_samples=round(seconds * RATE_HZ),
        tell=told.append,
    )
    await virtual.power_on()
    try:
        yield Scene(virtual, host, await air.radio(), told)
    finally:
        await virtual.power_off()


async def listen(scene) -> Heard:
    """Stream until the play is over."""
    wearable = set_up("anyecg-patch", Setup(float(RATE_HZ)))
    sighting = await find_one(scene.radio, Wanted(ADDRESS), timeout_s=5)
    stream, heard = Stream(wearable), Heard([], [])
    async with Link(scene.radio, sighting, wearable, clock=steady_clock()) as link:

        async def close():
            await scene.virtual.over.wait()
            await link.aclose()

        closing = asyncio.create_task(close())
        async for received in link:
            before = stream.own_outcomes
            heard.blocks += stream.feed(received)
            if stream.own_outcomes > before:
                heard.outcomes.append(stream.own_outcome)
        await closing
    heard.blocks += stream.finish()
    return heard
