"""The two sides of a flash as values: what the device is and runs, and what it is offered."""

from dataclasses import dataclass
from typing import TypeAlias

from ble_gateway.flash.messages import Slot, SlotState
from edge.manifest import PatchNeeds
from edge.signature import Signing


@dataclass(frozen=True, slots=True)
class Patch:
    """What a patch says of itself; parameters as `messages.StatusResponse` has them.

    Parameters
    ----------
    battery_percent
        None where it is fed from a wire.
    """

    protocol: int
    board: str
    firmware: str
    battery_percent: int | None
    ram_bytes: int
    operators: frozenset[str]
    slots: tuple[Slot, ...]
    keys: frozenset[bytes]

    @property
    def confirmed(self) -> Slot | None:
        """What runs after a reset; None: what it left the factory with."""
        return next((slot for slot in self.slots if slot.state is SlotState.CONFIRMED), None)

    @property
    def on_trial(self) -> Slot | None:
        """What runs until the next reset only."""
        return next((slot for slot in self.slots if slot.state is SlotState.TRIAL), None)

    @property
    def running(self) -> Slot | None:
        """What runs now; None: what it left the factory with."""
        return self.on_trial or self.confirmed


@dataclass(frozen=True, slots=True)
class Image:
    """A firmware image on the device, as MCUmgr's image group states it.

    Parameters
    ----------
    slot
        0: the one that runs; 1: the other.
    version
        As MCUboot writes it.
    sha256
        MCUboot's hash of header and body.
    active, confirmed, pending
        It runs; it runs after a reset, too; it is swapped in at the next reset.
    """

    slot: int
    version: str
    sha256: bytes
    active: bool
    confirmed: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What the device is and runs.

    Parameters
    ----------
    patch
        None where it speaks SMP and keeps no packs.
    images
        None where its firmware cannot be updated over SMP.
    """

    patch: Patch | None
    images: tuple[Image, ...] | None


@dataclass(frozen=True, slots=True)
class PackOffer:
    """A pack to be flashed.

    Parameters
    ----------
    name, version, board, needs
        As its manifest says.
    size_bytes, sha256
        Of the file.
    signing
        What its signature came to.
    """

    name: str
    version: str
    board: str | None
    needs: PatchNeeds | None
    size_bytes: int
    sha256: bytes
    signing: Signing


@dataclass(frozen=True, slots=True)
class ImageOffer:
    """Firmware to be flashed: an MCUboot image.

    Parameters
    ----------
    version
        As MCUboot writes it.
    size_bytes
        Of the file.
    sha256
        MCUboot's hash of header and body.
    signed
        Whether it carries a signature, which the boot loader checks.
    """

    version: str
    size_bytes: int
    sha256: bytes
    signed: bool


Offer: TypeAlias = PackOffer | ImageOffer
