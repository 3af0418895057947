"""`anyecg demo`: the whole way from a wearable to stored outcomes, with wearables and a radio in software."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ble_gateway.cli.playing import (
    ChannelOption,
    DevicesOption,
    DisconnectOption,
    DriftOption,
    JitterOption,
    LayoutOption,
    LossOption,
    OutageOption,
    Play,
    RateOption,
    RecordingOption,
    SeedOption,
    make_wearables,
    open_play,
    write_script,
)
from ble_gateway.cli.streaming import Show, Streaming, stream_until
from ble_gateway.cli.work import Keeping, RecordRawOption, show_summaries
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Radio, Wanted, find_one
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Block
from ble_gateway.wearables.catalogue import Setup, set_up
from edge.cli.console import NOT_MEDICAL
from edge.outcome import Outcome
from edge.signal import SampleBlock
from edge.store import OutcomeStore
from edge.summary import RunSummary, summarise

_TITLE = "DEMONSTRATION"
_FIND_S = 10.0


def demo(
    device: DevicesOption = None,
    rate: RateOption = None,
    layout: LayoutOption = None,
    recording: RecordingOption = None,
    channel: ChannelOption = None,
    speed: Annotated[
        float, typer.Option(help="Seconds of ECG a second; a machine too slow for it takes longer.", min=0.1)
    ] = 1.0,
    duration: Annotated[float, typer.Option(help="End after so much ECG, s.", min=1.0)] = 60.0,
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.1)] = 2.0,
    loss: LossOption = 0.02,
    jitter_ms: JitterOption = 10.0,
    drift_ppm: DriftOption = 100.0,
    disconnect_every: DisconnectOption = 40.0,
    outage: OutageOption = 3.0,
    seed: SeedOption = 3,
    pack: Annotated[Path | None, typer.Option(help="Pack to run; the demonstration pack by default.")] = None,
    store: Annotated[Path, typer.Option(help="SQLite file to append to.")] = Path("anyecg-demo.db"),
    record_raw: RecordRawOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Show the whole way from a wearable to stored outcomes, on a simulated radio.

    Virtual wearables play ECG and the gateway finds them, connects and reconnects through bleak, as it does with real
    ones. Nothing of it is a measurement of anyone.

    Example: anyecg demo --device movesense --recording mitdb/119 --channel MLII --speed 20 --duration 300
    """
    kinds = device or ["polar-h10"]
    setup = Setup(rate, layout)
    titles = [set_up(kind, setup).title for kind in kinds]
    play = open_play(recording, channel, duration_s=duration, seed=seed)
    script = write_script(
        seed=seed,
        loss=loss,
        jitter_ms=jitter_ms,
        drift_ppm=drift_ppm,
        disconnect_every_s=disconnect_every,
        outage_s=outage,
    )
    show = Show.on(f"{_TITLE} - {play.name}", _notice(titles), as_json=as_json, speed=speed)
    with OutcomeStore.open(store) as opened, Keeping(opened, pack, hop_s=hop, raw=record_raw) as keeping:
        performance = _perform(kinds, setup, play, script, keeping, show)
        summaries = run_virtually(performance, speed=speed)
    words = "a virtual wearable" if len(kinds) == 1 else "virtual wearables"
    show_summaries(summaries, as_json=as_json, last=f"DEMONSTRATION: {words} on a simulated radio. {NOT_MEDICAL}")


def _notice(titles: Sequence[str]) -> str:
    what = f"virtual {titles[0]}" if len(titles) == 1 else f"{len(titles)} virtual wearables"
    return f"Simulated radio and {what}, no real wearable. Not a medical device."


@dataclass(slots=True)
class _Compared:
    """Estimated sample times against the truth, of one wearable."""

    wearable: VirtualWearable
    errors_s: list[NDArray[np.float64]] = field(default_factory=list)

    def observe(self, block: Block | None, _: tuple[Outcome, ...]) -> None:
        """Compare a block's."""
        if isinstance(block, SampleBlock) and self.wearable.truth is not None:
            estimated_s = block.start_s + np.arange(block.n_samples) * block.period_s
            self.errors_s.append(np.abs(estimated_s - self.wearable.truth.times_s(block.first_index, block.n_samples)))

    def figures(self) -> dict[str, Any]:
        """Percentiles of the errors."""
        if not self.errors_s:
            return {}
        p50, p99 = 1e3 * np.percentile(np.concatenate(self.errors_s), [50, 99])
        return {"sample_time_error_ms": {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}}


async def _perform(
    kinds: list[str], setup: Setup, play: Play, script: Script, keeping: Keeping, show: Show
) -> list[RunSummary]:
    clock = steady_clock()
    air = Air()
    virtual = make_wearables(kinds, setup, play, script, air, clock)
    async with contextlib.AsyncExitStack() as powered:
        for wearable in virtual:
            await wearable.power_on()
            powered.push_async_callback(wearable.power_off)
        radio = await air.radio()
        compared = [_Compared(wearable) for wearable in virtual]
        streamings = [
            await _listen(radio, clock, kind, setup, keeping, compare, play)
            for kind, compare in zip(kinds, compared, strict=True)
        ]

        async def all_over() -> None:
            await asyncio.gather(*(wearable.over.wait() for wearable in virtual))

        await stream_until(streamings, all_over, show)
    return [_summary(streaming, compare) for streaming, compare in zip(streamings, compared, strict=True)]


async def _listen(
    radio: Radio,
    clock: Callable[[], float],
    kind: str,
    setup: Setup,
    keeping: Keeping,
    compare: _Compared,
    play: Play,
) -> Streaming:
    virtual = compare.wearable
    name = virtual.twin.advertisement.name
    sighting = await find_one(radio, Wanted(name, kind), timeout_s=_FIND_S)
    wearable = set_up(kind, setup)
    waves = math.isfinite(wearable.rate_hz) and wearable.rate_hz > 0
    return Streaming.of(
        Link(radio, sighting, wearable, clock=clock),
        setup,
        keeping,
        source=f"DEMONSTRATION: virtual {wearable.title}, {play.name}",
        simulated=True,
        samples_sent=(lambda: virtual.samples_sent) if waves else None,
        also=compare.observe,
    )


def _summary(streaming: Streaming, compare: _Compared) -> RunSummary:
    """What only the demonstration can say: it knows the truth."""
    run = streaming.work.run
    sent = streaming.samples_sent() if streaming.samples_sent else run.samples_stored + run.samples_lost
    return summarise(
        streaming.work.loop,
        run,
        source=streaming.source,
        counted_as="sent",
        samples=sent,
        store=streaming.store,
        extra={"simulated": True, **streaming.figures(), **compare.figures()},
    )
