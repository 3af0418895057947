"""`anyecg run`: real wearables through the machine's Bluetooth adapter, into the store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from ble_gateway.cli.streaming import Show, Streaming, stream_until
from ble_gateway.cli.work import Keeping, RecordRawOption, show_summaries
from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.link import Link
from ble_gateway.radio import Radio, Sighting, Wanted, adapter, find_each, require_adapter
from ble_gateway.wearables.catalogue import KINDS, Setup, set_up
from edge.cli.console import NOT_MEDICAL
from edge.store import OutcomeStore
from edge.summary import RunSummary, summarise

RadioOption: TypeAlias = Annotated[
    str | None, typer.Option(help="Use the simulated radio at tcp:HOST:PORT (see anyecg simulate).")
]


def run(
    who: Annotated[
        list[str] | None,
        typer.Argument(
            help="Name (or its beginning) or address, of each wearable; none: the only supported one in reach."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help=f"Take them for this kind, whatever they advertise: {', '.join(KINDS)}.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Sample rate, Hz, where there is a choice.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="What a UART stream looks like, for example int16@250Hz,2.5uV.")
    ] = None,
    radio: RadioOption = None,
    duration: Annotated[
        float | None, typer.Option(help="End after this long, s; otherwise Ctrl-C ends it.", min=1.0)
    ] = None,
    find: Annotated[float, typer.Option(help="Search this long for each wearable, s.", min=0.1)] = 30.0,
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.1)] = 10.0,
    pack: Annotated[Path | None, typer.Option(help="Pack to run; the demonstration pack by default.")] = None,
    store: Annotated[Path, typer.Option(help="SQLite file to append to.")] = Path("anyecg.db"),
    record_raw: RecordRawOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Stream from wearables into the store, through every disconnect, until it is ended.

    Example: anyecg run "Polar H10 A1B2C3D4" F0:5E:ED:00:00:02 --store night.db
    """
    setup = Setup(rate, layout)
    if device:
        set_up(device, setup)
    wanted = [Wanted(text, device) for text in who or [""]]
    with (
        asyncio.Runner() as runner,
        OutcomeStore.open(store) as opened,
        Keeping(opened, pack, hop_s=hop, raw=record_raw) as keeping,
    ):
        summaries = runner.run(_stream(radio, wanted, setup, keeping, duration, find, as_json=as_json))
    show_summaries(summaries, as_json=as_json, last=NOT_MEDICAL)


async def _stream(
    place: str | None,
    wanted: list[Wanted],
    setup: Setup,
    keeping: Keeping,
    duration_s: float | None,
    find_s: float,
    *,
    as_json: bool,
) -> list[RunSummary]:
    async with open_radio(place) as radio:
        await require_adapter(radio)
        show = Show.on("anyecg run", f"Through the {radio.name}. {NOT_MEDICAL}", as_json=as_json)
        show.console.print(f"searching for {', '.join(map(str, wanted))}", markup=False)
        found = await _find(radio, wanted, find_s, show.console)
        streamings = [
            Streaming.of(
                Link(radio, seen, set_up(kind, setup)),
                setup,
                keeping,
                source=f"{seen.label} ({kind}) through the {radio.name}",
                simulated=radio.simulated,
            )
            for seen, kind in found
        ]

        async def ended() -> None:
            await asyncio.sleep(duration_s if duration_s is not None else float("inf"))

        await stream_until(streamings, ended, show)
    return [_summary(streaming, simulated=radio.simulated) for streaming in streamings]


async def _find(radio: Radio, wanted: list[Wanted], find_s: float, console: Console) -> list[tuple[Sighting, str]]:
    """Find each and say of which kind it is; what is not seen is left out where others are."""
    found: dict[str, tuple[Sighting, str]] = {}
    missing: list[GatewayError] = []
    for one, seen in zip(wanted, await find_each(radio, wanted, timeout_s=find_s), strict=True):
        if isinstance(seen, GatewayError):
            missing.append(seen)
            continue
        if seen.address in found:
            raise GatewayError(
                GatewayFault.BAD_REQUEST,
                f"{seen.label} at {seen.address} was asked for twice",
                advice="name each wearable once",
            )
        found[seen.address] = (seen, _kind(one, seen))
    if not found or any(error.fault is not GatewayFault.NOT_FOUND for error in missing):
        raise missing[0]
    for error in missing:
        console.print(f"left out: {error}", style="yellow", markup=False)
    return list(found.values())


def _kind(wanted: Wanted, seen: Sighting) -> str:
    if wanted.kind:
        return wanted.kind
    if seen.wearable is None:
        raise GatewayError(
            GatewayFault.UNKNOWN_WEARABLE,
            f"{seen.label} is no wearable that is known by its advertisement",
            advice="say what it is: --device KIND (see anyecg devices)",
        )
    return seen.wearable.kind


def _summary(streaming: Streaming, *, simulated: bool) -> RunSummary:
    run = streaming.work.run
    return summarise(
        streaming.work.loop,
        run,
        source=streaming.source,
        counted_as="sent",
        samples=run.samples_stored + run.samples_lost,
        store=streaming.store,
        extra={"simulated": simulated, **streaming.figures()},
    )


@contextlib.asynccontextmanager
async def open_radio(place: str | None) -> AsyncIterator[Radio]:
    """Open the machine's adapter, or the simulated radio at a place.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for another place; ``NO_ADAPTER`` if none is served there.
    """
    if place is None:
        yield adapter()
        return
    from ble_gateway.simulator.air import radio_at

    async with radio_at(place) as radio:
        yield radio
