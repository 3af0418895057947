"""`anyecg simulate`: a virtual strap on a simulated radio, for `anyecg run` in another process."""

import asyncio
import signal
from typing import Annotated

import typer

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
from ble_gateway.link import steady_clock
from ble_gateway.simulator.air import Air, read_place
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_h10 import VirtualH10
from ble_gateway.wearables.polar_h10 import stop_ecg
from edge.cli.console import errors, output, print_json


def simulate(
    radio: Annotated[str, typer.Option(help="Where to serve it, tcp:HOST:PORT; port 0: any that is free.")],
    recording: RecordingOption = None,
    channel: ChannelOption = None,
    duration: Annotated[
        float | None, typer.Option(help="Play so much ECG, s; otherwise Ctrl-C ends it.", min=1.0)
    ] = None,
    loss: LossOption = 0.0,
    jitter_ms: JitterOption = 0.0,
    drift_ppm: DriftOption = 0.0,
    disconnect_every: DisconnectOption = 0.0,
    outage: OutageOption = 3.0,
    seed: SeedOption = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Serve a simulated radio with a virtual Polar H10 to `anyecg run --radio` in another process.

    The play begins when a gateway starts the stream, and the strap is gone when it is over.

    Example: anyecg simulate --radio tcp:127.0.0.1:9800 --disconnect-every 60
    """
    host, port = read_place(radio)
    play = open_play(recording, channel, duration_s=duration, seed=seed)
    script = write_script(
        seed=seed,
        loss=loss,
        jitter_ms=jitter_ms,
        drift_ppm=drift_ppm,
        disconnect_every_s=disconnect_every,
        outage_s=outage,
    )
    strap = asyncio.run(_serve(host, port, play, script, as_json=as_json))
    stopped = strap.commands[-1:] == [stop_ecg()]
    if as_json:
        figures = {"source": play.name, "simulated": True, "samples_sent": strap.samples_sent, "stopped": stopped}
        print_json(figures)
    else:
        goodbye = "the gateway stopped the stream" if stopped else "no gateway stopped the stream"
        output.print(f"SIMULATION ended: {strap.samples_sent} samples sent, {goodbye}")


async def _serve(host: str, port: int, play: Play, script: Script, *, as_json: bool) -> VirtualH10:
    air = Air()
    strap = VirtualH10(air.controller(), play.samples, script, clock=steady_clock(), n_samples=play.n_samples)
    async with air.served(host, port) as served_port:
        await strap.power_on()
        console = errors if as_json else output
        console.print(
            f"SIMULATION: a virtual Polar H10 plays {play.name} on a simulated radio. No real wearable.\n"
            f"Listen with: anyecg run --radio tcp:{host}:{served_port}",
            markup=False,
        )
        await _until_over_or_interrupted(strap)
        await strap.power_off()
    return strap


async def _until_over_or_interrupted(strap: VirtualH10) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    waiting = {asyncio.create_task(strap.over.wait()), asyncio.create_task(stop.wait())}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
