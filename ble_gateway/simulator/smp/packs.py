"""The patch's own group: what it is and runs, a pack on trial, and the word that keeps it.

A pack comes to trial only if its hash is the one that was asked for, and it is a pack, signed by a key that is trusted
(where any is), made for this board or for none, of a size that fits, and its self-test gives the outputs it must.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import expit

from ble_gateway.flash import messages
from ble_gateway.flash.messages import PatchError
from ble_gateway.simulator.smp.files import Files
from ble_gateway.simulator.smp.runner import CannotRun, Runner, SelfTested
from ble_gateway.simulator.smp.server import Command, Refusal, Reply
from ble_gateway.simulator.smp.slots import Chosen, PackSlots
from ble_gateway.wearables.wearable import OwnOutcome
from edge.boards.fitting import Room, fits
from edge.errors import PackError
from edge.manifest import Manifest, WavesManifest
from edge.pack import parse_pack

_PROTOCOL: Final = 1
LEAST_BATTERY_PERCENT: Final = 10
"""Below it the patch tries no pack: it might not live to the end of the trial."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a patch is.

    Parameters
    ----------
    board
        Name of its profile.
    ram_bytes
        What a model may use: static memory and stack.
    battery_percent
        Charge; -1 where it is fed from a wire.
    keys
        SHA-256 of the public keys whose packs it runs; empty: any pack.
    """

    board: str = "nrf52840"
    ram_bytes: int = 160 * 1024
    battery_percent: int = 87
    keys: tuple[bytes, ...] = ()


class Packs:
    """The patch's own group.

    Parameters
    ----------
    identity
        What the patch is.
    slots, files
        Where packs lie, and how they come there.
    runner
        What runs them.
    firmware
        Tells the version of the firmware.
    signed
        Whether a file is signed by a key that is trusted.
    """

    def __init__(
        self,
        identity: Identity,
        slots: PackSlots,
        files: Files,
        runner: Runner,
        *,
        firmware: Callable[[], str],
        signed: Callable[[bytes], bool],
    ) -> None:
        self._identity, self._slots, self._files, self._runner = identity, slots, files, runner
        self._firmware, self._signed = firmware, signed
        self.why: str = ""
        """Why the last pack was not put on trial, for people."""

    @staticmethod
    def label(data: bytes | None) -> str:
        """Name, version and whether it is a demonstration, of a pack's file; for people."""
        manifest = _manifest(data) if data else None
        return manifest.label if manifest else "no pack"

    @staticmethod
    def words(data: bytes | None, outcome: OwnOutcome) -> str:
        """Say what a pack's outputs for a window mean, for people."""
        manifest = _manifest(data) if data else None
        outputs = manifest.outputs if isinstance(manifest, Manifest) else ()
        if len(outputs) != outcome.outputs.size:
            return f"{outcome.outputs.size} outputs"
        real = (outcome.outputs.astype(np.float64) - outcome.zero_point) * outcome.scale
        chances = expit([row.logit_scale * x + row.logit_offset for row, x in zip(outputs, real, strict=True)])
        return ", ".join(f"{row.name} {chance:.2f}" for row, chance in zip(outputs, chances, strict=True))

    def commands(self) -> Iterator[Command]:
        """What it obeys."""
        yield Command(messages.StatusRequest, lambda _: self._status())
        yield Command(messages.TryRequest, self._try)
        yield Command(messages.ConfirmRequest, self._confirm)

    def _status(self) -> Reply:
        identity = self._identity
        return messages.StatusResponse(
            protocol=_PROTOCOL,
            board=identity.board,
            firmware=self._firmware(),
            battery_percent=identity.battery_percent,
            ram_bytes=identity.ram_bytes,
            operators=(),
            slots=tuple(map(self._named, self._slots.listed())),
            keys=identity.keys,
        )

    def _named(self, slot: messages.Slot) -> messages.Slot:
        number = self._slots.number(slot.path)
        data = None if number is None else self._slots.file(number)
        manifest = _manifest(data) if data else None
        if manifest is None:
            return slot
        return slot.model_copy(update={"name": manifest.name, "version": manifest.version})

    def _try(self, request: messages.TryRequest) -> Reply:
        self._files.close()
        slot = self._slots.number(request.path)
        data = None if slot is None else self._slots.file(slot)
        if slot is None or data is None:
            return self._refusal(PatchError.NO_SUCH_SLOT, f"there is no file {request.path}")
        refusal = self._forbidden(data, request.sha256)
        if refusal:
            return refusal
        match self._runner.self_test(data):
            case CannotRun(why):
                return self._refusal(PatchError.CANNOT_RUN, why)
            case SelfTested(windows, differing):
                self.why = f"{differing} outputs of its self-test differ" if differing or not windows else ""
                if windows and not differing:
                    self._slots.put_on_trial(Chosen(slot, request.sha256))
                return messages.TryResponse(windows=windows, differing=differing)

    def _forbidden(self, data: bytes, sha256: bytes) -> Refusal | None:
        """Why a file must not be run; None: it may, as far as can be told without running it."""
        if 0 <= self._identity.battery_percent < LEAST_BATTERY_PERCENT:
            return self._refusal(PatchError.BATTERY_LOW, f"the battery is at {self._identity.battery_percent} %")
        if hashlib.sha256(data).digest() != sha256:
            return self._refusal(PatchError.HASH_MISMATCH, "its hash is not the one that was asked for")
        manifest = _manifest(data)
        if manifest is None:
            return self._refusal(PatchError.NOT_A_PACK, "it is no pack")
        if not self._signed(data):
            return self._refusal(PatchError.BAD_SIGNATURE, "no key that is trusted has signed it")
        misfit = _misfit(manifest, self._identity, self._slots.size_bytes)
        return self._refusal(PatchError.DOES_NOT_FIT, misfit) if misfit else None

    def _confirm(self, request: messages.ConfirmRequest) -> Reply:
        running = self._slots.running
        again = self._slots.on_trial is None and running is not None and running.sha256 == request.sha256
        if not again and not self._slots.confirm(request.sha256):
            return self._refusal(PatchError.NOT_ON_TRIAL, "it is not on trial")
        return messages.ConfirmResponse()

    def _refusal(self, error: PatchError, why: str) -> Refusal:
        self.why = why
        return Refusal(error, messages.GROUP)


def _misfit(manifest: Manifest | WavesManifest, identity: Identity, slot_bytes: int) -> str:
    if manifest.board not in {None, identity.board}:
        return f"it was made for {manifest.board}, and this is {identity.board}"
    fit = fits(manifest.patch, Room(slot_bytes, identity.ram_bytes)) if manifest.patch else None
    if fit is None or fit:
        return ""
    kind, short = ("RAM", fit.ram) if not fit.ram.enough else ("flash", fit.flash)
    return f"it needs {short.needed_bytes} bytes of {kind}, and there are {short.room_bytes}"


@lru_cache(maxsize=8)
def _manifest(data: bytes) -> Manifest | WavesManifest | None:
    try:
        return parse_pack(data).manifest
    except PackError:
        return None
