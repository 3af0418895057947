"""`anyecg flash`: a pack, or firmware with a pack inside, onto a patch over SMP."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ble_gateway.cli.flash_screen import FlashScreen, plan_json
from ble_gateway.cli.run import RadioOption, open_radio
from ble_gateway.flash.conversation import Conversation
from ble_gateway.flash.device import read_state
from ble_gateway.flash.flash import Done, Flashed, Planned, Skipped, flash
from ble_gateway.flash.objections import Allow, Policy
from ble_gateway.flash.offer import Content, read_content
from ble_gateway.flash.plan import Refuse, plan_flash
from ble_gateway.flash.transport import Line, PortLine, RadioLine
from ble_gateway.flash.words import FlashRefused
from edge.cli.console import errors, output, print_json
from edge.keys import read_public_key, trusted_keys


def flash_patch(
    what: Annotated[Path, typer.Argument(metavar="PACK", help="Pack, or firmware as an image of MCUboot.")],
    port: Annotated[str | None, typer.Option(help="Serial port of the device, such as /dev/ttyACM0.")] = None,
    address: Annotated[str | None, typer.Option(help="Bluetooth address, or name, of the device.")] = None,
    baud: Annotated[int, typer.Option(help="Bits a second on the port; USB does not mind.", min=300)] = 115_200,
    radio: RadioOption = None,
    board: Annotated[str | None, typer.Option(help="The board that the device must be, by name.")] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key whose packs are trusted; repeatable. Beside ~/.config/anyecg/trusted/*.pub."),
    ] = None,
    allow_unsigned: Annotated[bool, typer.Option("--allow-unsigned", help="Though nobody signed it.")] = False,
    allow_unknown_key: Annotated[
        bool, typer.Option("--allow-unknown-key", help="Though none of the trusted keys signed it.")
    ] = False,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Though it is older than what runs, or that cannot be told.")
    ] = False,
    allow_other_board: Annotated[
        bool,
        typer.Option(
            "--allow-other-board", help="Though it was made for another board; the patch itself may refuse it then."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Flash a pack onto a patch: upload, verify, test on the device, confirm. Run again, it goes on where it stopped.

    Never flashed: what does not fit, or was altered after it was signed. Whatever fails, the patch runs what it ran.

    Example: anyecg flash heart.tflite --port /dev/ttyACM0 --key lab.pub
    """
    logging.getLogger("smpclient").setLevel(logging.CRITICAL)  # what it logs is said here, in one line
    if (port is None) == (address is None):
        raise typer.BadParameter("give either the serial port or the Bluetooth address", param_hint="--port/--address")
    allowed = {
        Allow.UNSIGNED: allow_unsigned,
        Allow.UNKNOWN_KEY: allow_unknown_key,
        Allow.DOWNGRADE: allow_downgrade,
        Allow.OTHER_BOARD: allow_other_board,
    }
    policy = Policy(
        trusted=frozenset(map(read_public_key, key or ())) | frozenset(trusted_keys()),
        allow=frozenset(allow for allow, told in allowed.items() if told),
        board=board,
    )
    content = read_content(what)
    screen = FlashScreen(errors if as_json else output, content)
    done = asyncio.run(_run(port, address, baud, radio, content, policy, screen, dry_run=dry_run, as_json=as_json))
    if as_json and done is not None:
        print_json(_as_json(screen, done))


async def _run(
    port: str | None,
    address: str | None,
    baud: int,
    radio: str | None,
    content: Content,
    policy: Policy,
    screen: FlashScreen,
    *,
    dry_run: bool,
    as_json: bool,
) -> Done | None:
    """Return what was done; None after a plan."""
    async with _line(port, address, baud, radio) as line, _talking(line, screen) as talk:
        if dry_run:
            await _show_plan(talk, content, policy, screen, as_json=as_json)
            return None
        try:
            with screen:
                return await flash(talk, content, policy, screen.tell)
        except FlashRefused as refused:
            if as_json:
                print_json(plan_json(screen.planned, content) | {"flashed": False})
            raise refused from None


@contextlib.asynccontextmanager
async def _line(port: str | None, address: str | None, baud: int, radio: str | None) -> AsyncIterator[Line]:
    if port is not None:
        yield PortLine(port, baud)
        return
    async with open_radio(radio) as opened:
        yield RadioLine(address or "", opened)


@contextlib.asynccontextmanager
async def _talking(line: Line, screen: FlashScreen) -> AsyncIterator[Conversation]:
    talk = Conversation(line, tell=screen.tell)
    try:
        with screen.searching(line.name):
            await talk.open()
        yield talk
    finally:
        await talk.close()


async def _show_plan(
    talk: Conversation, content: Content, policy: Policy, screen: FlashScreen, *, as_json: bool
) -> None:
    device = await read_state(talk)
    plan = plan_flash(device, content.offer, policy)
    screen.tell(Planned(device, plan))
    if as_json:
        print_json(plan_json(screen.planned, content) | {"flashed": False})
    if isinstance(plan, Refuse):
        raise FlashRefused(content.label, plan)


def _as_json(screen: FlashScreen, done: Done) -> dict[str, Any]:
    told = plan_json(screen.planned, screen.content)
    match done:
        case Skipped():
            return told | {"flashed": False}
        case Flashed(sending=sending, self_test=tested):
            return told | {
                "flashed": True,
                "resumed_bytes": sending.resumed_bytes,
                "sent_bytes": sending.sent_bytes,
                "seconds": round(sending.seconds, 3),
                "self_test_windows": tested.windows if tested else None,
            }
