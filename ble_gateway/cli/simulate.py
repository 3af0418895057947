"""`anyecg simulate`: virtual wearables on a simulated radio, for `anyecg run` in another process."""

import asyncio
import contextlib
import signal
from typing import Annotated, Any

import typer

from ble_gateway.cli.flashable import (
    PATCH,
    BoardOption,
    FailOption,
    Flashable,
    KeyOption,
    SmpOption,
    StorageOption,
    read_flashable,
)
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
from ble_gateway.link import steady_clock
from ble_gateway.simulator.air import Air, open_place
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_patch import VirtualPatch
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.wearables.catalogue import Setup, set_up
from edge.cli.console import errors, output, print_json


def simulate(
    radio: Annotated[
        str | None,
        typer.Option(
            help="Where to serve it: tcp:HOST:PORT (port 0: any that is free), or vhci, as an adapter of this Linux."
        ),
    ] = None,
    device: DevicesOption = None,
    rate: RateOption = None,
    layout: LayoutOption = None,
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
    smp: SmpOption = None,
    storage: StorageOption = None,
    fail: FailOption = None,
    key: KeyOption = None,
    board: BoardOption = "nrf52840",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Serve a simulated radio with virtual wearables to `anyecg run --radio` in another process.

    The play of each begins when a gateway starts its stream, and it is gone when the play is over.

    With --smp it is a patch that anyecg flash can flash, and that runs its pack's C, compiled here, on its own samples.

    Example: anyecg simulate --radio tcp:127.0.0.1:9800 --device polar-h10 --device movesense --disconnect-every 60

    Example: anyecg simulate --smp /tmp/patch --fail cut@100000
    """
    flashable = read_flashable(smp, storage, fail, key, board, seed=seed)
    kinds = device or ["polar-h10" if flashable is None else PATCH]
    if radio is None and flashable is None:
        raise typer.BadParameter("say where to serve the radio, such as tcp:127.0.0.1:9800", param_hint="--radio")
    if flashable and kinds.count(PATCH) != 1:
        raise typer.BadParameter(f"is for one --device {PATCH}", param_hint="--smp")
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
    virtual = asyncio.run(_serve(radio, kinds, titles, setup, play, script, flashable, as_json=as_json))
    if as_json:
        served = [_figures(kind, wearable) for kind, wearable in zip(kinds, virtual, strict=True)]
        print_json({"source": play.name, "simulated": True, **(served[0] if len(served) == 1 else {"devices": served})})
        return
    for title, wearable in zip(titles, virtual, strict=True):
        goodbye = "the gateway stopped the stream" if wearable.was_stopped else "no gateway stopped the stream"
        gave = f"{wearable.n_outcomes} outcomes, " if isinstance(wearable, VirtualPatch) else ""
        output.print(f"SIMULATION ended: {title}: {wearable.samples_sent} samples sent, {gave}{goodbye}", markup=False)


def _figures(kind: str, wearable: VirtualWearable) -> dict[str, Any]:
    figures = {"device": kind, "samples_sent": wearable.samples_sent, "stopped": wearable.was_stopped}
    return figures | {"outcomes": wearable.n_outcomes} if isinstance(wearable, VirtualPatch) else figures


async def _serve(
    place: str | None,
    kinds: list[str],
    titles: list[str],
    setup: Setup,
    play: Play,
    script: Script,
    flashable: Flashable | None,
    *,
    as_json: bool,
) -> list[VirtualWearable]:
    air, clock = Air(), steady_clock()
    console = errors if as_json else output

    def tell(what: str) -> None:
        console.print(f"SIMULATION: the patch {what}", markup=False, soft_wrap=True)

    async with contextlib.AsyncExitStack() as open_:
        virtual = make_wearables(kinds, setup, play, script, air, clock, leave_out=PATCH if flashable else None)
        if flashable:
            at, rate_hz = kinds.index(PATCH), int(set_up(PATCH, setup).rate_hz)
            patch = flashable.patch(rate_hz, play, script, air, clock, number=at + 1, tell=tell)
            virtual.insert(at, await open_.enter_async_context(patch))
        listen = await open_.enter_async_context(open_place(air, place)) if place else None
        console.print(
            f"SIMULATION: virtual {', '.join(titles)} on a simulated radio; plays {play.name}. No real wearable.",
            markup=False,
        )
        for line in (listen, flashable and f"Flash with: anyecg flash PACK --port {flashable.wire}"):
            if line:
                console.print(line, markup=False, soft_wrap=True)
        for wearable in virtual:
            await wearable.power_on()
            open_.push_async_callback(wearable.power_off)
        await _until_over_or_interrupted(virtual)
    return virtual


async def _until_over_or_interrupted(virtual: list[VirtualWearable]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    over = asyncio.gather(*(wearable.over.wait() for wearable in virtual))
    stopping = asyncio.create_task(stop.wait())
    both: set[asyncio.Future[Any]] = {over, stopping}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    stopping.cancel()
    await asyncio.gather(over, stopping, return_exceptions=True)
