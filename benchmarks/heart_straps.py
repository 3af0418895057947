"""`python -m benchmarks.heart_straps`: this gateway and bleakheart listen to the same virtual Polar H10.

Both speak through bleak, with the same simulated radio; the script of what happens is the same. bleakheart 0.2.0 is
used as its own examples use it (its `PolarMeasurementData` on a `BleakClient`, a queue, the end at a disconnect), and
again within a loop that connects anew. It takes the system's clock for the time of arrivals: here, that of the play.
"""

import asyncio
import gc
import importlib
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import numpy as np
import typer
from bleak import BleakClient
from bleak.exc import BleakError
from numpy.typing import NDArray

from benchmarks.machine import this_machine
from benchmarks.witness import TimeErrors, Witness
from ble_gateway.errors import GatewayError
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Sighting, Wanted, find_again, find_one
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import as_counts
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import set_up
from edge.heart.stream import HeartStream
from edge.signal import SampleBlock

_RATE_HZ: Final = 130.0
_PATIENCE_S: Final = 20.0
_HEADING: Final = (
    "| play | listener | samples given | stated lost | unaccounted | time error p50 / p99 / max, ms | connections "
    "| exceptions in callbacks |\n" + "|---" * 8 + "|"
)


@dataclass(slots=True)
class _Heard:
    """What a listener told, against the truth."""

    clock: Callable[[], float]
    virtual: VirtualWearable
    witness: Witness
    errors: TimeErrors = field(default_factory=TimeErrors)
    n_samples: int = 0
    n_stated_lost: int = 0
    n_connections: int = 0
    n_raised: int = 0
    broke_with: str = ""

    def take_note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count an exception that no one catches."""
        self.n_raised += 1
        self.broke_with = f"{context.get('exception')!r}"

    def tell(self, first_index: int, microvolts: NDArray[np.int32], times_s: NDArray[np.float64]) -> None:
        """Take the next samples with their estimated times; they are looked for about `first_index`."""
        truth = self.virtual.truth
        for piece in self.witness.find(first_index, microvolts):
            if truth:
                told_s = times_s[piece.skip : piece.skip + piece.n]
                self.errors.add(told_s - truth.times_s(piece.true_index, piece.n))
        self.n_samples += microvolts.size


Listen: TypeAlias = Callable[[Radio, Sighting, _Heard], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Listened:
    """What a listener made of one play.

    Parameters
    ----------
    listener, play
        Who, to what.
    samples_sent, samples_received, samples_stated_lost
        Taken by the strap; given to the user; said to be missing.
    samples_unaccounted
        Of the rest, nothing was said.
    time_error_ms
        ``{"p50": ms, "p99": ms, "max": ms}`` of the samples that were given.
    connections
        How often it streamed.
    raised
        Exceptions in callbacks that no one caught.
    broke_with
        The last of them, or the one that ended it.
    """

    listener: str
    play: str
    samples_sent: int
    samples_received: int
    samples_stated_lost: int
    samples_unaccounted: int
    time_error_ms: dict[str, float]
    connections: int
    raised: int
    broke_with: str

    @property
    def row(self) -> str:
        """A row of a Markdown table."""
        errors = " / ".join(f"{self.time_error_ms[key]:.1f}" for key in ("p50", "p99", "max"))
        share = self.samples_received / self.samples_sent
        received = f"{self.samples_received:,} of {self.samples_sent:,} ({share:.1%})"
        lost = f"{self.samples_stated_lost:,} | {self.samples_unaccounted:,}"
        return (
            f"| {self.play} | {self.listener} | {received} | {lost} | {errors} | {self.connections} | {self.raised} |"
        )


async def _this_gateway(radio: Radio, sighting: Sighting, heard: _Heard) -> None:
    stream = Stream(set_up("polar-h10"))
    async with Link(radio, sighting, stream.wearable, clock=heard.clock) as link:
        closing = asyncio.create_task(_close_when_over(heard.virtual, link))
        async for received in link:
            for block in stream.feed(received):
                _tell_block(heard, block)
        await closing
    for block in stream.finish():
        _tell_block(heard, block)
    heard.n_stated_lost = stream.samples_lost
    heard.n_connections = link.connections


def _tell_block(heard: _Heard, block: Any) -> None:
    if isinstance(block, SampleBlock):
        heard.tell(
            block.first_index,
            block.counts,
            block.start_s + np.arange(block.n_samples, dtype=np.float64) * block.period_s,
        )


async def _close_when_over(virtual: VirtualWearable, link: Link) -> None:
    await virtual.over.wait()
    await link.aclose()


async def _bleakheart(radio: Radio, sighting: Sighting, heard: _Heard) -> None:
    """Stream until the strap disconnects, as the examples of bleakheart do."""
    frames: asyncio.Queue[tuple[str, int, list[int]]] = asyncio.Queue()
    consumer = asyncio.create_task(_consume(frames, heard))
    gone = asyncio.Event()
    watching = asyncio.create_task(_set_when_over(heard.virtual, gone))
    try:
        async with BleakClient(sighting.device, lambda _: gone.set(), backend=radio.client) as client:
            data = _library().PolarMeasurementData(client, ecg_queue=frames)
            await data.available_settings("ECG")
            code, message, _ = await data.start_streaming("ECG")
            if code:
                heard.broke_with = message
                return
            heard.n_connections += 1
            await gone.wait()
            if client.is_connected:
                await data.stop_streaming("ECG")
    finally:
        watching.cancel()
        await asyncio.sleep(0)
        consumer.cancel()
        await asyncio.gather(watching, consumer, return_exceptions=True)


async def _bleakheart_again_and_again(radio: Radio, sighting: Sighting, heard: _Heard) -> None:
    """Do the same within a loop, which users of bleakheart write themselves."""
    while not heard.virtual.over.is_set():
        try:
            if await find_again(radio, sighting, timeout_s=_PATIENCE_S):
                await _bleakheart(radio, sighting, heard)
        except (BleakError, OSError, TimeoutError) as error:
            heard.broke_with = f"{type(error).__name__}: {error}"


async def _consume(frames: "asyncio.Queue[tuple[str, int, list[int]]]", heard: _Heard) -> None:
    """Time samples as a user would: the stamp is the last one's, the rate what the strap says it is."""
    while True:
        _, last_ns, microvolts = await frames.get()
        times_s = last_ns * 1e-9 + np.arange(1 - len(microvolts), 1, dtype=np.float64) / _RATE_HZ
        begin_s = heard.virtual.truth.start_s if heard.virtual.truth else times_s[0]
        heard.tell(round((times_s[0] - begin_s) * _RATE_HZ), np.array(microvolts, np.int32), times_s)


async def _set_when_over(virtual: VirtualWearable, gone: asyncio.Event) -> None:
    await virtual.over.wait()
    gone.set()


def _library() -> Any:
    try:
        return importlib.import_module("bleakheart")
    except ImportError as error:
        raise typer.BadParameter("bleakheart is not installed: pip install bleakheart==0.2.0") from error


async def _play(listener: str, listen: Listen, play: str, script: Script, duration_s: float) -> Listened:
    clock, air, twin = steady_clock(), Air(), twin_of("polar-h10")
    core: Any = importlib.import_module("bleakheart._core")
    core.time_ns = lambda: round(clock() * 1e9)
    heart = as_counts(HeartStream(script.seed), _RATE_HZ, twin.millivolts_per_count, twin.rails)
    witness = Witness(round(_RATE_HZ * (duration_s + 60)))
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(1))
    n_samples = round(duration_s * _RATE_HZ)
    virtual = VirtualWearable(twin, peripheral, witness.listening(heart), script, clock=clock, n_samples=n_samples)
    await virtual.power_on()
    radio = await air.radio()
    heard = _Heard(clock, virtual, witness)
    asyncio.get_running_loop().set_exception_handler(heard.take_note)
    try:
        await listen(radio, await find_one(radio, Wanted(address_of(1)), timeout_s=_PATIENCE_S), heard)
    except (BleakError, GatewayError, OSError) as error:
        heard.broke_with = f"{type(error).__name__}: {error}"
    await virtual.over.wait()
    await virtual.power_off()
    # What a task has raised is told when it is collected.
    gc.collect()
    errors = heard.errors
    return Listened(
        listener,
        play,
        virtual.samples_sent,
        heard.n_samples,
        heard.n_stated_lost,
        virtual.samples_sent - heard.n_samples - heard.n_stated_lost,
        {
            "p50": round(1e3 * errors.percentile_s(50), 2),
            "p99": round(1e3 * errors.percentile_s(99), 2),
            "max": round(1e3 * errors.longest_s, 2),
        },
        heard.n_connections,
        heard.n_raised,
        heard.broke_with,
    )


def compare(duration_s: float, seed: int) -> list[Listened]:
    """Let each listen to each play, on virtual time."""
    quiet = Script(seed=seed, jitter_s=0.01, drift_ppm=100.0)
    lossy = Script(seed=seed, loss=0.01, jitter_s=0.01, drift_ppm=100.0)
    broken = Script(seed=seed, loss=0.01, jitter_s=0.01, drift_ppm=100.0, disconnect_every_s=300.0, outage_s=8.0)
    listeners: dict[str, Listen] = {
        "anyecg": _this_gateway,
        "bleakheart, as in its examples": _bleakheart,
        "bleakheart, in a loop": _bleakheart_again_and_again,
    }
    plays = {"10 ms of jitter, 100 ppm": quiet, "and 1 % loss": lossy, "and a disconnect every 5 min": broken}
    return [
        run_virtually(_play(listener, listen, play, script, duration_s), speed=math.inf)
        for play, script in plays.items()
        for listener, listen in listeners.items()
        if script.disconnect_every_s or listen is not _bleakheart_again_and_again
    ]


def main(
    minutes: Annotated[float, typer.Option(help="Length of each play.", min=1.0)] = 30.0,
    seed: Annotated[int, typer.Option(help="Of heart and radio.", min=0)] = 3,
    output: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
) -> None:
    """Compare this gateway with bleakheart on the same virtual strap."""
    _library()
    machine = this_machine()
    listened = compare(60 * minutes, seed)
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}; {minutes:g} min each, seed {seed}\n")
    print(_HEADING)
    print("\n".join(one.row for one in listened))
    for one in listened:
        if one.broke_with:
            print(f"\n{one.listener}, {one.play}: {one.broke_with}")
    if output:
        result = {"machine": machine.as_json(), "listened": [asdict(one) for one in listened]}
        output.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
