"""`anyecg scan` and `anyecg devices`: what is in reach, and what could be."""

import asyncio
import re
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ble_gateway.cli.run import RadioOption, open_radio
from ble_gateway.radio import NO_RSSI_DBM, Sighting, discover
from ble_gateway.wearables.catalogue import WEARABLES
from ble_gateway.wearables.wearable import Gives, Trust, Wearable
from edge.cli.console import errors, output, print_json

_RSSI_DBM = (-90, -50)
_BARS = 5
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .:+()-]*")


def scan(
    radio: RadioOption = None,
    duration: Annotated[float, typer.Option(help="Listen this long, s.", min=0.1)] = 5.0,
    everything: Annotated[bool, typer.Option("--all", help="Also what is no known wearable.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """List the wearables in reach, and how to run each.

    Example: anyecg scan --duration 10
    """
    with errors.status(f"listening for {duration:g} s"):
        seen = asyncio.run(_discover(radio, duration))
    listed = [sighting for sighting in seen if everything or sighting.wearable]
    commands = {sighting.address: _command(sighting, seen, radio) for sighting in listed}
    if as_json:
        print_json(
            {"devices": [_as_json(sighting, commands) for sighting in listed], "others": len(seen) - len(listed)}
        )
        return
    for line in _lines(listed, commands) if listed else ():
        output.print(line, soft_wrap=True)
    others = len(seen) - len(listed)
    if not listed:
        output.print(
            f"No known wearable was seen in {duration:g} s ({others} other devices).\n"
            "Wear it, wet a strap's electrodes, and disconnect it from other devices. See anyecg devices."
        )
    elif others:
        output.print(f"{others} other devices, shown with --all", style="dim")


async def _discover(place: str | None, duration_s: float) -> list[Sighting]:
    async with open_radio(place) as radio:
        return await discover(radio, duration_s=duration_s)


def _command(sighting: Sighting, seen: list[Sighting], radio: str | None) -> str:
    """Tell how to run it: by name where that is enough, and where a shell takes it for nothing else."""
    same_name = sum(other.name.startswith(sighting.name) for other in seen)
    by_name = _PLAIN_NAME.fullmatch(sighting.name) and same_name == 1
    who = f'"{sighting.name}"' if by_name else sighting.address
    kind = "" if sighting.wearable else " --device KIND"
    return f"anyecg run {who}{kind}{f' --radio {radio}' if radio else ''}"


def _as_json(sighting: Sighting, commands: dict[str, str]) -> dict[str, Any]:
    return {
        "name": sighting.name,
        "address": sighting.address,
        "kind": sighting.wearable.kind if sighting.wearable else None,
        "rssi_dbm": sighting.rssi_dbm,
        "battery_percent": sighting.battery_percent,
        "run": commands[sighting.address],
    }


def _lines(listed: list[Sighting], commands: dict[str, str]) -> Iterator[Text]:
    """Two for each device."""
    width = max(len(sighting.label) for sighting in listed)
    for sighting in listed:
        kind = sighting.wearable.kind if sighting.wearable else "unknown"
        line = Text(sighting.label.ljust(width), style="bold")
        line.append(f"  {kind:14}  ", style="not bold").append(_signal(sighting.rssi_dbm))
        if sighting.battery_percent is not None:
            line.append(f"  battery {sighting.battery_percent} %", style="not bold")
        yield line
        yield Text(f"  {sighting.address}  ", style="dim").append(commands[sighting.address], style="not dim green")


def _signal(rssi_dbm: int) -> Text:
    if rssi_dbm == NO_RSSI_DBM:
        return Text("connected to this system", style="not bold")
    weakest, strongest = _RSSI_DBM
    share = (rssi_dbm - weakest) / (strongest - weakest)
    filled = min(_BARS, max(1, round(share * _BARS)))
    bars = Text("▮" * filled, style="not bold green").append("▯" * (_BARS - filled), style="dim")
    return bars.append(f" {rssi_dbm} dBm", style="not bold default")


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """List all wearables that are known, what they stream, and their limits.

    Example: anyecg devices
    """
    if as_json:
        print_json({"devices": [_described(wearable) for wearable in WEARABLES]})
        return
    for wearable in WEARABLES:
        output.print(_heading(wearable))
        limits = Table.grid(padding=(0, 1))
        for limit in wearable.limits:
            limits.add_row("  -", Text(limit))
        output.print(limits)
        output.print()
    output.print(
        "None of them was tried on hardware: they are tested against virtual twins and golden bytes.", style="bold"
    )


def _heading(wearable: Wearable) -> Text:
    doubtful = wearable.trust in {Trust.UNVERIFIED, Trust.THIRD_PARTY}
    text = Text(wearable.kind, style="bold").append(f"  {wearable.title}\n", style="not bold")
    text.append(f"  streams {_streams(wearable)}; losses found by {wearable.placed_by}", style="not bold")
    text.append(", and sent again" if wearable.backfill else "", style="not bold")
    text.append("\n  protocol: ", style="not bold")
    return text.append(str(wearable.trust), style="not bold yellow" if doubtful else "not bold green")


def _streams(wearable: Wearable) -> str:
    if wearable.gives is Gives.RHYTHM:
        return str(wearable.gives)
    return f"{wearable.gives}, {', '.join(f'{rate:g}' for rate in wearable.rates_hz)} Hz"


def _described(wearable: Wearable) -> dict[str, Any]:
    return {
        "kind": wearable.kind,
        "title": wearable.title,
        "gives": str(wearable.gives),
        "rate_hz": wearable.rate_hz,
        "rates_hz": list(wearable.rates_hz),
        "losses_found_by": wearable.placed_by,
        "backfill": wearable.backfill is not None,
        "protocol_from": str(wearable.trust),
        "tried_on_hardware": False,
        "limits": list(wearable.limits),
    }
