"""MCUmgr's image group on two slots of MCUboot, with the ways of Zephyr's.

As observed: an upload that was interrupted goes on where it stopped when the same hash is announced again, and a wrong
offset is answered with the right one. A damaged image is taken, and refused only when the boot loader is to start it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smp import image_management as image
from smp.error import MGMT_ERR
from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR

from ble_gateway.simulator.smp.mcuboot import HEADER_SIZE, Image, read_image, read_version, write_image
from ble_gateway.simulator.smp.memory import Memory
from ble_gateway.simulator.smp.server import Command, Refusal, Reply

FACTORY_IMAGE: Final = write_image(b"SIMULATION: no firmware is in this image", (1, 0, 0))
_RUNS, _WAITS = 0, 1
_NAMES: Final = ("image0", "image1")
_MARK: Final = "image-mark"
"""Name of what the boot loader is told: to try the waiting image, to keep it, or to swap back."""
_TRY, _KEEP, _TRIED = b"try", b"keep", b"tried"


@dataclass(slots=True)
class _Upload:
    """An image that is being uploaded; a reset forgets it."""

    size_bytes: int
    sha256: bytes | None
    data: bytearray


class Images:
    """The image group, and the boot loader's part in it.

    Parameters
    ----------
    memory
        What outlives a reset.
    size_bytes
        The largest image.
    """

    def __init__(self, memory: Memory, size_bytes: int) -> None:
        self._memory = memory
        self._size_bytes = size_bytes
        self._upload_going: _Upload | None = None
        memory.setdefault(_NAMES[_RUNS], FACTORY_IMAGE)

    def commands(self) -> Iterator[Command]:
        """What it obeys."""
        yield Command(image.ImageStatesReadRequest, lambda _: self._states())
        yield Command(image.ImageStatesWriteRequest, self._mark)
        yield Command(image.ImageUploadWriteRequest, self._upload)
        yield Command(image.ImageEraseRequest, self._erase)

    @property
    def version(self) -> str:
        """Of the firmware that runs."""
        running = self._image(_RUNS)
        return running.version_text if running else "0.0.0"

    def reset(self) -> None:
        """Start as MCUboot does: try what is to be tried, where it is sound; swap back what was not confirmed."""
        self._upload_going = None
        mark = self._memory.get(_MARK, b"")
        waiting = self._image(_WAITS)
        if mark in {_TRY, _KEEP} and (waiting is None or not waiting.sound):
            self._memory[_MARK] = b""
        elif mark in {_TRY, _KEEP}:
            self._swap()
            self._memory[_MARK] = _TRIED if mark == _TRY else b""
        elif mark == _TRIED:
            self._swap()
            self._memory[_MARK] = b""

    def _swap(self) -> None:
        runs, waits = (self._memory[name] for name in _NAMES)
        # MCUboot swaps sector by sector and finishes after a power cut; here no cut falls between the two.
        self._memory[_NAMES[_RUNS]], self._memory[_NAMES[_WAITS]] = waits, runs

    def _image(self, slot: int) -> Image | None:
        return read_image(self._memory.get(_NAMES[slot], b""))

    def _states(self) -> Reply:
        return image.ImageStatesReadResponse(images=list(self._listed()), splitStatus=0)

    def _listed(self) -> Iterator[image.ImageState]:
        mark = self._memory.get(_MARK, b"")
        for slot in (_RUNS, _WAITS):
            if held := self._image(slot):
                yield image.ImageState(
                    slot=slot,
                    version=held.version_text,
                    hash=held.sha256,
                    bootable=True,
                    pending=slot == _WAITS and mark in {_TRY, _KEEP},
                    confirmed=mark != _TRIED if slot == _RUNS else mark == _TRIED,
                    active=slot == _RUNS,
                    permanent=slot == _WAITS and mark == _KEEP,
                )

    def _mark(self, request: image.ImageStatesWriteRequest) -> Reply:
        running, waiting = self._image(_RUNS), self._image(_WAITS)
        if request.hash is None and not request.confirm:
            return Refusal(MGMT_ERR.EINVAL)
        if request.hash is None or (running and request.hash == running.sha256):
            if not request.confirm:
                return _refusal(IMG_MGMT_ERR.IMAGE_SETTING_TEST_TO_ACTIVE_DENIED)
            if self._memory.get(_MARK, b"") == _TRIED:
                self._memory[_MARK] = b""
        elif waiting is None or request.hash != waiting.sha256:
            return _refusal(IMG_MGMT_ERR.HASH_NOT_FOUND)
        else:
            self._memory[_MARK] = _KEEP if request.confirm else _TRY
        return image.ImageStatesWriteResponse(images=list(self._listed()), splitStatus=0)

    def _upload(self, request: image.ImageUploadWriteRequest) -> Reply:
        if request.off == 0:
            refusal = self._begin(request)
            if refusal:
                return refusal
        going = self._upload_going
        if going is None:
            return _refusal(IMG_MGMT_ERR.INVALID_OFFSET)
        if request.off == len(going.data):
            if len(going.data) + len(request.data) > going.size_bytes:
                return _refusal(IMG_MGMT_ERR.INVALID_IMAGE_DATA_OVERRUN)
            going.data += request.data
        if len(going.data) < going.size_bytes:
            return image.ImageUploadWriteResponse(off=len(going.data))
        return self._finish(going)

    def _begin(self, request: image.ImageUploadWriteRequest) -> Refusal | None:
        """Begin an upload, or go on with the one that was interrupted."""
        if request.len is None:
            return _refusal(IMG_MGMT_ERR.INVALID_LENGTH)
        if mark := self._memory.get(_MARK, b""):
            return _refusal(IMG_MGMT_ERR.NO_FREE_SLOT if mark == _TRIED else IMG_MGMT_ERR.IMAGE_ALREADY_PENDING)
        going = self._upload_going
        if going and request.sha is not None and (going.sha256, going.size_bytes) == (request.sha, request.len):
            return None
        version = read_version(request.data)
        if version is None:
            short = len(request.data) < HEADER_SIZE
            return _refusal(IMG_MGMT_ERR.INVALID_IMAGE_HEADER if short else IMG_MGMT_ERR.INVALID_IMAGE_HEADER_MAGIC)
        running = self._image(_RUNS)
        if request.upgrade and running and version <= running.version:
            return _refusal(IMG_MGMT_ERR.CURRENT_VERSION_IS_NEWER)
        if request.len > self._size_bytes:
            return _refusal(IMG_MGMT_ERR.INVALID_IMAGE_TOO_LARGE)
        self._memory.pop(_NAMES[_WAITS], None)
        self._upload_going = _Upload(request.len, request.sha, bytearray())
        return None

    def _finish(self, done: _Upload) -> Reply:
        data, self._upload_going = bytes(done.data), None
        self._memory[_NAMES[_WAITS]] = data
        match = None if done.sha256 is None else hashlib.sha256(data).digest() == done.sha256
        return image.ImageUploadWriteResponse(off=len(data), match=match)

    def _erase(self, request: image.ImageEraseRequest) -> Reply:
        slot = _WAITS if request.slot is None else request.slot
        if slot not in {_RUNS, _WAITS}:
            return _refusal(IMG_MGMT_ERR.INVALID_SLOT)
        if slot == _RUNS or self._memory.get(_MARK, b""):
            return _refusal(IMG_MGMT_ERR.NO_FREE_SLOT)
        self._memory.pop(_NAMES[_WAITS], None)
        self._upload_going = None
        return image.ImageEraseResponse()


def _refusal(rc: IMG_MGMT_ERR) -> Refusal:
    return Refusal(rc, GroupId.IMAGE_MANAGEMENT)
