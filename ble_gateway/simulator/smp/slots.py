"""The patch's places for packs, which of them runs, and which runs after a reset. Pure.

Whatever is written, cut or reset, the patch runs a pack that passed its self-test since it was switched on, or one that
passed it and was then confirmed, or what it left the factory with.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from ble_gateway.flash.messages import Slot, SlotState
from ble_gateway.simulator.smp.memory import Memory

_CONFIRMED: Final = "confirmed"
"""Name of the record that says what runs after a reset: number of the slot, and the SHA-256 of its file."""
_SHA256_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Chosen:
    """A pack in a slot.

    Parameters
    ----------
    slot
        Number of the slot.
    sha256
        Of its file.
    """

    slot: int
    sha256: bytes


class PackSlots:
    """Two slots in flash memory; what is on trial is known to no memory but the one that a reset empties.

    Parameters
    ----------
    memory
        What outlives a reset.
    size_bytes
        The largest file a slot takes.
    n_slots
        How many there are.
    """

    def __init__(self, memory: Memory, size_bytes: int, *, n_slots: int = 2) -> None:
        self._memory = memory
        self._size_bytes = size_bytes
        self._names = tuple(f"pack{number}" for number in range(n_slots))
        self._trial: Chosen | None = None
        self._booted: Chosen | None = self._confirmed()

    @property
    def size_bytes(self) -> int:
        """The largest file a slot takes."""
        return self._size_bytes

    @property
    def running(self) -> Chosen | None:
        """What runs now; None: what the patch left the factory with."""
        return self._trial or self._booted

    @property
    def on_trial(self) -> Chosen | None:
        """What runs until the next reset only."""
        return self._trial

    @staticmethod
    def path(slot: int) -> str:
        """Path of a slot's file, for MCUmgr's file-system group."""
        return f"/packs/{slot}"

    def number(self, path: str) -> int | None:
        """Return the slot whose file has this path; None: there is none."""
        return next((slot for slot in range(len(self._names)) if self.path(slot) == path), None)

    def file(self, slot: int) -> bytes | None:
        """Return a slot's file; None: it is empty."""
        return self._memory.get(self._names[slot])

    def may_be_written(self, slot: int) -> bool:
        """Whether nothing in this slot runs, or would after a reset."""
        return all(chosen is None or chosen.slot != slot for chosen in (self._trial, self._booted))

    def write(self, slot: int, data: bytes) -> None:
        """Put a file, or a part of one, into a slot.

        Raises
        ------
        ValueError
            If what it holds is in use, or it is too small.
        """
        if not self.may_be_written(slot) or len(data) > self._size_bytes:
            raise ValueError(f"slot {slot} takes no {len(data)} bytes now")
        self._memory[self._names[slot]] = data

    def matches(self, slot: int, sha256: bytes) -> bool:
        """Whether a slot's file has this hash."""
        data = self.file(slot)
        return data is not None and hashlib.sha256(data).digest() == sha256

    def put_on_trial(self, chosen: Chosen) -> None:
        """Run a pack, which has passed its self-test, until the next reset."""
        if not self.matches(chosen.slot, chosen.sha256):
            raise ValueError("what is put on trial is not what the slot holds")
        self._trial = chosen

    def confirm(self, sha256: bytes) -> bool:
        """Run the pack on trial after a reset, too; False where it is not on trial, or has changed since."""
        trial = self._trial
        if trial is None or trial.sha256 != sha256 or not self.matches(trial.slot, sha256):
            return False
        self._memory[_CONFIRMED] = bytes([trial.slot]) + trial.sha256
        self._booted, self._trial = trial, None
        return True

    def reset(self) -> None:
        """Begin anew, as after a power cut: a trial is over."""
        self._trial = None
        self._booted = self._confirmed()

    def listed(self) -> tuple[Slot, ...]:
        """Tell what each slot holds, for people and programs."""
        return tuple(self._listed(slot) for slot in range(len(self._names)))

    def _listed(self, slot: int) -> Slot:
        data = self.file(slot)
        sha256 = hashlib.sha256(data).digest() if data is not None else b""
        return Slot(path=self.path(slot), size_bytes=self._size_bytes, state=self._state(slot, data), sha256=sha256)

    def _state(self, slot: int, data: bytes | None) -> SlotState:
        if self._trial is not None and self._trial.slot == slot:
            return SlotState.TRIAL
        if self._booted is not None and self._booted.slot == slot:
            return SlotState.CONFIRMED
        return SlotState.EMPTY if data is None else SlotState.STORED

    def _confirmed(self) -> Chosen | None:
        """What runs after a reset: a slot whose file is still the one that was confirmed."""
        record = self._memory.get(_CONFIRMED, b"")
        if len(record) != 1 + _SHA256_SIZE or record[0] >= len(self._names):
            return None
        chosen = Chosen(record[0], record[1:])
        return chosen if self.matches(chosen.slot, chosen.sha256) else None
