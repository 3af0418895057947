"""MCUmgr's file-system group on the two pack slots, with the ways of Zephyr's.

As observed of Zephyr 4.4 with littlefs: what was uploaded counts only once the file is closed, by the last byte, by a
FileClose, by an upload to another file, or of itself after a second without a request; until then the status gives the
length that was there before. A reset loses what was not closed. A wrong offset is refused with the length beside it.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smp import file_management as fs
from smp.error import MGMT_ERR
from smp.file_management import FS_MGMT_ERR
from smp.header import GroupId

from ble_gateway.simulator.smp.server import Command, Refusal, Reply
from ble_gateway.simulator.smp.slots import PackSlots

IDLE_CLOSE_S: Final = 1.0
"""Zephyr's CONFIG_MCUMGR_GRP_FS_FILE_AUTOMATIC_IDLE_CLOSE_TIME, s."""
_DOWNLOAD_OVERHEAD: Final = 64
"""Of a frame: header, names and lengths around a downloaded chunk."""


@dataclass(slots=True)
class _Upload:
    """A file that is open for writing."""

    slot: int
    data: bytearray
    size_bytes: int | None
    touched_s: float


class Files:
    """The file-system group.

    Parameters
    ----------
    slots
        Where its files lie.
    buffer_bytes
        The largest frame.
    space_bytes
        What all files may take; None: what the slots hold.
    """

    def __init__(self, slots: PackSlots, buffer_bytes: int, *, space_bytes: int | None = None) -> None:
        self._slots = slots
        self._chunk_bytes = buffer_bytes - _DOWNLOAD_OVERHEAD
        self._largest_bytes = slots.size_bytes if space_bytes is None else min(slots.size_bytes, space_bytes)
        self._open: _Upload | None = None
        self._now_s = 0.0

    def commands(self) -> Iterator[Command]:
        """What it obeys."""
        yield Command(fs.FileUploadRequest, self._upload)
        yield Command(fs.FileDownloadRequest, self._download)
        yield Command(fs.FileStatusRequest, self._status)
        yield Command(fs.FileHashChecksumRequest, self._hash)
        yield Command(fs.SupportedFileHashChecksumTypesRequest, _supported)
        yield Command(fs.FileCloseRequest, self._obey_close)

    def tick(self, now_s: float) -> None:
        """Let time go by: an upload that has rested is closed."""
        self._now_s = now_s
        if self._open and now_s - self._open.touched_s >= IDLE_CLOSE_S:
            self.close()

    def close(self) -> None:
        """Commit what was uploaded, and close the file."""
        upload, self._open = self._open, None
        if upload and self._slots.may_be_written(upload.slot):
            self._slots.write(upload.slot, bytes(upload.data))

    def reset(self) -> None:
        """Lose what was not committed."""
        self._open = None

    def _upload(self, request: fs.FileUploadRequest) -> Reply:
        slot = self._slots.number(request.name)
        if slot is None:
            return _refusal(FS_MGMT_ERR.FILE_INVALID_NAME)
        if request.off == 0 and request.len is None:
            return Refusal(MGMT_ERR.EINVAL)
        if not self._slots.may_be_written(slot):
            # Zephyr's file access hook, with which firmware keeps files from being overwritten, refuses so.
            return Refusal(MGMT_ERR.EACCESSDENIED)
        upload = self._opened(slot, from_start=request.off == 0, size_bytes=request.len)
        if request.off != len(upload.data):
            return _refusal(FS_MGMT_ERR.FILE_OFFSET_NOT_VALID, len=len(upload.data))
        if len(upload.data) + len(request.data) > self._largest_bytes:
            return _refusal(FS_MGMT_ERR.FILE_WRITE_FAILED)
        upload.data += request.data
        upload.touched_s = self._now_s
        if upload.size_bytes is not None and len(upload.data) >= upload.size_bytes:
            self.close()
        return fs.FileUploadResponse(off=len(upload.data))

    def _opened(self, slot: int, *, from_start: bool, size_bytes: int | None) -> _Upload:
        if from_start:
            self.close()
            self._slots.write(slot, b"")
            upload = _Upload(slot, bytearray(), size_bytes, self._now_s)
        elif self._open and self._open.slot == slot:
            upload = self._open
        else:
            self.close()
            upload = _Upload(slot, bytearray(self._slots.file(slot) or b""), None, self._now_s)
        self._open = upload
        return upload

    def _file(self, name: str) -> bytes | Refusal:
        slot = self._slots.number(name)
        data = None if slot is None else self._slots.file(slot)
        return _refusal(FS_MGMT_ERR.FILE_NOT_FOUND) if data is None else data

    def _download(self, request: fs.FileDownloadRequest) -> Reply:
        data = self._file(request.name)
        if isinstance(data, Refusal):
            return data
        if request.off > len(data):
            return _refusal(FS_MGMT_ERR.FILE_OFFSET_LARGER_THAN_FILE)
        chunk = data[request.off : request.off + self._chunk_bytes]
        return fs.FileDownloadResponse(off=request.off, data=chunk, len=None if request.off else len(data))

    def _status(self, request: fs.FileStatusRequest) -> Reply:
        data = self._file(request.name)
        return data if isinstance(data, Refusal) else fs.FileStatusResponse(len=len(data))

    def _hash(self, request: fs.FileHashChecksumRequest) -> Reply:
        data = self._file(request.name)
        if isinstance(data, Refusal):
            return data
        if not data:
            return _refusal(FS_MGMT_ERR.FILE_EMPTY)
        first = request.off or 0
        if first > len(data):
            return _refusal(FS_MGMT_ERR.FILE_OFFSET_LARGER_THAN_FILE)
        hashed = data[first:] if request.len is None else data[first : first + request.len]
        kind = request.type or "sha256"
        output = hashlib.sha256(hashed).digest() if kind == "sha256" else zlib.crc32(hashed)
        return fs.FileHashChecksumResponse(type=kind, off=first or None, len=len(hashed), output=output)

    def _obey_close(self, _: fs.FileCloseRequest) -> Reply:
        self.close()
        return fs.FileCloseResponse()


def _supported(_: fs.SupportedFileHashChecksumTypesRequest) -> Reply:
    number, array = fs.HashChecksumFormat.NUMERICAL, fs.HashChecksumFormat.BYTE_ARRAY
    crc32, sha256 = fs.HashChecksumType(format=number, size=4), fs.HashChecksumType(format=array, size=32)
    return fs.SupportedFileHashChecksumTypesResponse(types={"crc32": crc32, "sha256": sha256})


def _refusal(rc: FS_MGMT_ERR, **beside: int) -> Refusal:
    return Refusal(rc, GroupId.FILE_MANAGEMENT, beside)
