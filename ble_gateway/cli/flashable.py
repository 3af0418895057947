"""The virtual patch that can be flashed, as `anyecg simulate` puts it together of its options."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from ble_gateway.cli.failing import WORDS, read_plan
from ble_gateway.cli.playing import Play
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.compiled import CompiledRunner
from ble_gateway.simulator.smp.device import PatchDevice
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.memory import FolderMemory, Memory
from ble_gateway.simulator.smp.mishaps import Mishaps, Plan
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.trust import signed_by_any
from ble_gateway.simulator.smp.wire import wired
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.twins.patch import PICOVOLTS_PER_COUNT
from ble_gateway.simulator.virtual_patch import VirtualPatch
from edge.boards.fitting import Room
from edge.boards.profile import Board
from edge.boards.shelf import read_board

SmpOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="Let the patch be flashed: over its radio, and by a serial port (a pseudo-terminal) found at this path."
    ),
]
StorageOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder for the flash memory of the patch, kept from one simulation to the next.")
]
FailOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--fail", help=f"How flashing the patch fails; repeatable: {WORDS}.")
]
KeyOption: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--key", help="Public key whose packs the patch runs, and no others; repeatable.")
]
BoardOption: TypeAlias = Annotated[
    str, typer.Option("--board", help="Which board the patch is, by the name of its profile (see anyecg fit).")
]
PATCH: Final = "anyecg-patch"


@dataclass(frozen=True, slots=True)
class Flashable:
    """A patch that can be flashed, as it was asked for.

    Parameters
    ----------
    wire
        Path of its serial port.
    storage
        Folder of its flash memory; None: forgotten at the end.
    plan
        What goes wrong.
    keys
        SHA-256 of the public keys whose packs it runs.
    board
        What it is.
    """

    wire: Path
    storage: Path | None
    plan: Plan
    keys: tuple[bytes, ...]
    board: Board

    @contextlib.asynccontextmanager
    async def patch(
        self,
        rate_hz: int,
        play: Play,
        script: Script,
        air: Air,
        clock: Callable[[], float],
        *,
        number: int,
        tell: Callable[[str], None],
    ) -> AsyncIterator[VirtualPatch]:
        """Make the patch, its wire laid; it is to be powered on.

        Raises
        ------
        GatewayError
            ``BAD_REQUEST`` where its flash or its wire cannot be had.
        """
        with contextlib.ExitStack() as folders:
            memory: Memory = {} if self.storage is None else FolderMemory(self.storage)
            cache = folders.enter_context(tempfile.TemporaryDirectory()) if self.storage is None else self.storage
            runner = CompiledRunner(Path(cache, "compiled"), rate_hz=rate_hz, picovolts_per_count=PICOVOLTS_PER_COUNT)
            room = Room.on(self.board)
            device = PatchDevice(
                memory,
                runner,
                Identity(self.board.name, room.ram_bytes, keys=self.keys),
                mishaps=Mishaps(self.plan),
                signed=signed_by_any(self.keys),
                slot_bytes=room.flash_bytes,
            )
            host = Host(device, outage_s=script.outage_s)
            twin = FlashedPatchTwin(device, runner, rate_hz)
            samples, n_samples = play.counts(twin, number)
            peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(number))
            async with wired(host, self.wire):
                yield VirtualPatch(
                    twin, peripheral, samples, script, clock=clock, host=host, n_samples=n_samples, tell=tell
                )


def read_flashable(
    wire: Path | None, storage: Path | None, fail: list[str] | None, keys: list[Path] | None, board: str, *, seed: int
) -> Flashable | None:
    """Read the options; None where no patch is to be flashed.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for a way to fail that there is not.
    SignatureError, BoardError
        For a key, or a board, that is none.
    """
    if wire is None:
        if storage or fail or keys:
            raise typer.BadParameter("says nothing without --smp PATH", param_hint="--storage, --fail and --key")
        return None
    trusted: tuple[bytes, ...] = ()
    if keys:
        from edge.keys import read_public_key
        from edge.signature import fingerprint

        trusted = tuple(bytes.fromhex(fingerprint(read_public_key(path))) for path in keys)
    return Flashable(wire, storage, read_plan(fail or (), seed), trusted, read_board(board))
