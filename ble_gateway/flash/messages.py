"""The patch's own SMP group: what it is and runs, a pack on trial, and the word that keeps it.

Beside it a patch serves MCUmgr's os, image and file-system groups. Layout and field names: `PATCH_PROTOCOL.md`,
"Packs over SMP".
"""

from enum import IntEnum, StrEnum, unique
from typing import Final

from pydantic import BaseModel, ConfigDict
from smp import error, message

GROUP: Final = 165
"""Number of the group, among those that SMP leaves to users."""
_STATUS, _TRY, _CONFIRM = range(3)


class SlotState(StrEnum):
    """What a slot holds."""

    EMPTY = "empty"
    STORED = "stored"
    """A file, whole or not, that nobody runs."""
    TRIAL = "trial"
    """Runs until the next reset, when the confirmed one runs again."""
    CONFIRMED = "confirmed"


class Slot(BaseModel):
    """One of the places for a pack, and what lies there.

    Parameters
    ----------
    path
        Of its file, for MCUmgr's file-system group.
    size_bytes
        The largest file it takes.
    state
        What it holds.
    sha256
        Of its file; empty where it has none.
    name, version
        Those of the pack's manifest; empty where it holds no whole pack.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    size_bytes: int
    state: SlotState
    sha256: bytes = b""
    name: str = ""
    version: str = ""


class StatusRequest(message.ReadRequest):
    """Ask what the patch is and runs."""

    _GROUP_ID = GROUP
    _COMMAND_ID = _STATUS


class StatusResponse(message.ReadResponse):
    """What the patch is and runs.

    Parameters
    ----------
    protocol
        Version of this group: 1.
    board
        Name of its profile.
    firmware
        Version as MCUboot writes it, such as ``1.2.0``.
    battery_percent
        Charge; -1 where it is fed from a wire.
    ram_bytes
        What a model may use: static memory and stack.
    operators
        TFLite's names of those it can run; empty where it compiles packs and runs any.
    slots
        Its slots.
    keys
        SHA-256 of the Ed25519 public keys whose packs it runs; empty: any pack.
    """

    _GROUP_ID = GROUP
    _COMMAND_ID = _STATUS

    protocol: int
    board: str
    firmware: str
    battery_percent: int
    ram_bytes: int
    operators: tuple[str, ...]
    slots: tuple[Slot, ...]
    keys: tuple[bytes, ...] = ()


class TryRequest(message.WriteRequest):
    """Run the pack in a slot, after its self-test, until the next reset; asked again, it tests it again."""

    _GROUP_ID = GROUP
    _COMMAND_ID = _TRY

    path: str
    sha256: bytes


class TryResponse(message.WriteResponse):
    """How its self-test went; with differences above the tolerance the patch runs what it ran.

    Parameters
    ----------
    windows
        Windows tried.
    differing
        Outputs that differ by more than the pack allows.
    """

    _GROUP_ID = GROUP
    _COMMAND_ID = _TRY

    windows: int
    differing: int


class ConfirmRequest(message.WriteRequest):
    """Run the pack on trial after a reset, too; asked again for what is confirmed, it says so again."""

    _GROUP_ID = GROUP
    _COMMAND_ID = _CONFIRM

    sha256: bytes


class ConfirmResponse(message.WriteResponse):
    """It is confirmed."""

    _GROUP_ID = GROUP
    _COMMAND_ID = _CONFIRM


@unique
class PatchError(IntEnum):
    """Why the patch did not do what it was asked; what it ran, it runs."""

    OK = 0
    UNKNOWN = 1
    NO_SUCH_SLOT = 2
    HASH_MISMATCH = 3
    NOT_A_PACK = 4
    DOES_NOT_FIT = 5
    BAD_SIGNATURE = 6
    BATTERY_LOW = 7
    NOT_ON_TRIAL = 8
    SLOT_IN_USE = 9
    CANNOT_RUN = 10
    """It has no means to run this pack."""


class ErrorV1(error.ErrorV1):
    """An error as older servers answer it."""

    _GROUP_ID = GROUP


class ErrorV2(error.ErrorV2[PatchError]):
    """An error of this group."""

    _GROUP_ID = GROUP


class _Group:
    _ErrorV1 = ErrorV1
    _ErrorV2 = ErrorV2


class ReadStatus(StatusRequest, _Group):
    """`StatusRequest` for `smpclient`."""

    _Response = StatusResponse


class Try(TryRequest, _Group):
    """`TryRequest` for `smpclient`."""

    _Response = TryResponse


class Confirm(ConfirmRequest, _Group):
    """`ConfirmRequest` for `smpclient`."""

    _Response = ConfirmResponse
