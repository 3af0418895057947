"""A virtual strap, the air it is on and a gateway's radio, on virtual time."""

import asyncio
import contextlib
import functools
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import numpy as np

from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Wanted
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_h10 import Identity, VirtualH10
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.stream import H10Stream

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


@dataclass
class Scene:
    strap: VirtualH10
    radio: Radio
    clock: Callable[[], float]

    def link(self, **options: Any) -> Link:
        return Link(self.radio, Wanted(), clock=self.clock, **options)


@contextlib.asynccontextmanager
async def scene(
    script: Script | None = None, *, duration_s: float = 30.0, identity: Identity | None = None
) -> AsyncIterator[Scene]:
    clock = steady_clock()
    air = Air()
    n_samples = round(duration_s * 130)
    strap = VirtualH10(
        air.controller(), [ramp(n_samples)], script or Script(), clock=clock, n_samples=n_samples, identity=identity
    )
    await strap.power_on()
    yield Scene(strap, await air.radio(), clock)
    await strap.power_off()


async def play_through(scene: Scene, link: Link, stream: H10Stream | None = None) -> list[Any]:
    """Stream until the play is over; the blocks that came."""
    stream = stream or H10Stream()
    async with link:
        closing = asyncio.create_task(_close_after(scene, link))
        blocks = [block async for received in link if (block := stream.feed(received))]
        await closing
    return blocks


async def _close_after(scene: Scene, link: Link) -> None:
    await scene.strap.over.wait()
    await link.aclose()
