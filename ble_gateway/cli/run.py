"""`anyecg run`: a real strap through the machine's Bluetooth adapter, into the store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from ble_gateway.cli.streaming import Streaming
from ble_gateway.link import Link
from ble_gateway.radio import ADAPTER, Radio, Wanted, require_adapter
from ble_gateway.wearables.polar_h10 import NAME_PREFIX
from edge.cli.console import NOT_MEDICAL, output, print_json, summary_table
from edge.loop import InferenceLoop, open_loop
from edge.store import OutcomeStore, StoredRun
from edge.summary import RunSummary, summarise


def run(
    name: Annotated[str, typer.Option(help="Beginning of the strap's name.")] = NAME_PREFIX,
    address: Annotated[str | None, typer.Option(help="Bluetooth address of the strap, instead of a name.")] = None,
    radio: Annotated[
        str | None, typer.Option(help="Use the simulated radio at tcp:HOST:PORT (see anyecg simulate).")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(help="End after this long, s; otherwise Ctrl-C ends it.", min=1.0)
    ] = None,
    find: Annotated[float, typer.Option(help="Search this long for the strap, s.", min=0.1)] = 30.0,
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.1)] = 10.0,
    pack: Annotated[Path | None, typer.Option(help="Pack to run; the demonstration pack by default.")] = None,
    store: Annotated[Path, typer.Option(help="SQLite file to append to.")] = Path("anyecg.db"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Stream from a Polar H10 into the store, through every disconnect, until it is ended.

    Example: anyecg run --name "Polar H10 A1B2C3D4" --store night.db
    """
    loop = open_loop(pack, hop_s=hop)
    with asyncio.Runner() as runner, OutcomeStore.open(store) as opened:
        wanted = Wanted(name, address)
        summary = runner.run(_stream(radio, wanted, loop, opened, duration_s=duration, find_s=find, as_json=as_json))
    if as_json:
        print_json(summary.as_json())
    else:
        output.print(summary_table(summary))
        output.print(NOT_MEDICAL)


async def _stream(
    place: str | None,
    wanted: Wanted,
    loop: InferenceLoop,
    store: OutcomeStore,
    *,
    duration_s: float | None,
    find_s: float,
    as_json: bool,
) -> RunSummary:
    async with _radio(place) as radio:
        await require_adapter(radio)
        with store.run(f"{wanted} through the {radio.name}") as run:
            return await _stream_into(
                run, radio, wanted, loop, store.path, duration_s=duration_s, find_s=find_s, as_json=as_json
            )


async def _stream_into(
    run: StoredRun,
    radio: Radio,
    wanted: Wanted,
    loop: InferenceLoop,
    store: Path,
    *,
    duration_s: float | None,
    find_s: float,
    as_json: bool,
) -> RunSummary:
    link = Link(radio, wanted, find_s=find_s)
    streaming = Streaming(link, loop, run, title="anyecg run", notice=f"Through the {radio.name}. {NOT_MEDICAL}")

    async def ended() -> None:
        await asyncio.sleep(duration_s if duration_s is not None else float("inf"))

    await streaming.until(ended, as_json=as_json)
    stream = streaming.stream
    return summarise(
        loop,
        run,
        source=f"{link.peer} through the {radio.name}",
        counted_as="sent",
        samples=stream.samples_received + stream.samples_lost,
        store=store,
        extra={
            "simulated": radio.client is not None,
            "samples_received": stream.samples_received,
            "lost_by_reason": {str(reason): n for reason, n in sorted(stream.lost.items())},
            "connections": link.connections,
            "bad_frames": stream.bad_frames,
        },
    )


@contextlib.asynccontextmanager
async def _radio(place: str | None) -> AsyncIterator[Radio]:
    if place is None:
        yield ADAPTER
        return
    from ble_gateway.simulator.air import radio_at

    async with radio_at(place) as radio:
        yield radio
