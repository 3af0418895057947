"""`anyecg demo`: the whole way from a strap to stored outcomes, with a strap and a radio in software."""

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ble_gateway.cli.playing import (
    ChannelOption,
    DisconnectOption,
    DriftOption,
    JitterOption,
    LossOption,
    OutageOption,
    Play,
    RecordingOption,
    SeedOption,
    open_play,
    write_script,
)
from ble_gateway.cli.streaming import Streaming
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Wanted
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_h10 import VirtualH10
from ble_gateway.simulator.virtual_time import run_virtually
from edge.cli.console import NOT_MEDICAL, output, print_json, summary_table
from edge.loop import InferenceLoop, open_loop
from edge.outcome import Outcome
from edge.signal import SampleBlock
from edge.store import OutcomeStore, StoredRun
from edge.summary import RunSummary, summarise

_TITLE = "DEMONSTRATION"
_NOTICE = "Simulated radio and virtual Polar H10, no real wearable. Not a medical device."


def demo(
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Show the whole way from a strap to stored outcomes, on a simulated radio.

    A virtual Polar H10 plays ECG and the gateway finds it, connects and reconnects through bleak, as it does with a
    real one. Nothing of it is a measurement of anyone.

    Example: anyecg demo --recording mitdb/119 --channel MLII --speed 20 --duration 300
    """
    play = open_play(recording, channel, duration_s=duration, seed=seed)
    script = write_script(
        seed=seed,
        loss=loss,
        jitter_ms=jitter_ms,
        drift_ppm=drift_ppm,
        disconnect_every_s=disconnect_every,
        outage_s=outage,
    )
    loop = open_loop(pack, hop_s=hop)
    with OutcomeStore.open(store) as opened, opened.run(f"DEMONSTRATION: virtual Polar H10, {play.name}") as run:
        performance = _perform(play, script, loop, run, store, speed=speed, as_json=as_json)
        summary = run_virtually(performance, speed=speed)
    if as_json:
        print_json(summary.as_json())
    else:
        output.print(summary_table(summary))
        output.print(f"DEMONSTRATION: a virtual strap on a simulated radio. {NOT_MEDICAL}")


async def _perform(
    play: Play, script: Script, loop: InferenceLoop, run: StoredRun, store: Path, *, speed: float, as_json: bool
) -> RunSummary:
    clock = steady_clock()
    air = Air()
    strap = VirtualH10(air.controller(), play.samples, script, clock=clock, n_samples=play.n_samples)
    await strap.power_on()
    link = Link(await air.radio(), Wanted(), clock=clock)
    errors_s: list[NDArray[np.float64]] = []

    def compare(block: SampleBlock | None, _: tuple[Outcome, ...]) -> None:
        if block is not None and strap.truth is not None:
            estimated_s = block.start_s + np.arange(block.n_samples) * block.period_s
            errors_s.append(np.abs(estimated_s - strap.truth.times_s(block.first_index, block.n_samples)))

    streaming = Streaming(
        link,
        loop,
        run,
        title=f"{_TITLE} - {play.name}",
        notice=_NOTICE,
        speed=speed,
        samples_sent=lambda: strap.samples_sent,
        also=compare,
    )
    await streaming.until(strap.over.wait, as_json=as_json)
    samples_sent = strap.samples_sent
    await strap.power_off()
    return summarise(
        loop,
        run,
        source=f"DEMONSTRATION: virtual Polar H10, {play.name}",
        counted_as="sent",
        samples=samples_sent,
        store=store,
        extra=_figures(streaming, errors_s),
    )


def _figures(streaming: Streaming, errors_s: list[NDArray[np.float64]]) -> dict[str, Any]:
    """What only the demonstration can say: it knows the truth."""
    stream, link = streaming.stream, streaming.link
    error_ms = 1e3 * np.concatenate(errors_s) if errors_s else np.full(1, math.nan)
    figures: dict[str, Any] = {
        "simulated": True,
        "samples_received": stream.samples_received,
        "lost_by_reason": {str(reason): n for reason, n in sorted(stream.lost.items())},
        "connections": link.connections,
        "bad_frames": stream.bad_frames,
    }
    if errors_s:
        p50, p99 = np.percentile(error_ms, [50, 99])
        figures["sample_time_error_ms"] = {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}
    return figures
