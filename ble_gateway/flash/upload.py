"""A file onto a device: from where the device is, chunk by chunk, and then its hash."""

import hashlib
from collections.abc import AsyncGenerator
from typing import Final

from smp.file_management import FS_MGMT_ERR
from smp.header import GroupId
from smpclient.requests.file_management import FileClose, FileHashChecksum, FileStatus, FileUpload

from ble_gateway.flash.conversation import Conversation, Unanswered
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault

STALLS: Final = 12
"""So many failures without a byte more than ever before, and an upload is given up."""
_TAKE: Final = "take the file"
_ELSEWHERE: Final = frozenset({FS_MGMT_ERR.FILE_OFFSET_NOT_VALID, FS_MGMT_ERR.FILE_OFFSET_LARGER_THAN_FILE})
"""The device is at another byte than we are."""
_FULL: Final = frozenset({FS_MGMT_ERR.FILE_WRITE_FAILED})


async def upload_file(talk: Conversation, path: str, data: bytes) -> AsyncGenerator[int, None]:
    """Upload what the device does not have of a file yet.

    Parameters
    ----------
    talk
        With the device.
    path
        Of the file there.
    data
        All of it.

    Yields
    ------
    int
        How much the device has, bytes: first what it had, at last ``len(data)``; less than before where it lost some.

    Raises
    ------
    FlashError
        ``DEVICE_FULL``, or ``LINK_LOST`` and its kin if it gets no further.
    DeviceRefused
        If it does not take the file.
    """
    at = furthest = await kept_bytes(talk, path, data)
    yield at
    stalls = 0
    while at < len(data):
        chunk = await _chunk(talk, path, data, at)
        reached = await _send(talk, chunk, len(data))
        if reached is None:
            stalls += 1
            if stalls > 1:
                talk.send_less(len(chunk.data))
            if stalls > STALLS:
                raise FlashError(
                    FlashFault.LINK_LOST,
                    f"the upload got no further than {furthest:,} of {len(data):,} bytes",
                    advice="bring the device nearer, switch it off and on, and run the same again",
                )
            reached = await kept_bytes(talk, path, data)
        if reached > furthest:
            furthest, stalls = reached, 0
        at = reached
        yield at


async def kept_bytes(talk: Conversation, path: str, data: bytes) -> int:
    """Return how much of a file the device has that is as it should be.

    An upload that was cut is closed first: only then does the device tell how much of it is kept.
    """
    await _close(talk)
    try:
        size = (await talk.ask(FileStatus(name=path), "tell the file's length")).len
        if not 0 < size <= len(data):
            return 0
        hashed = await talk.ask(FileHashChecksum(name=path, type="sha256"), "hash the file")
    except DeviceRefused:  # it has no such file, or cannot tell
        return 0
    return size if hashed.len == size and hashed.output == hashlib.sha256(data[:size]).digest() else 0


async def verify(talk: Conversation, path: str, data: bytes) -> None:
    """Compare the device's hash of a file with ours.

    Raises
    ------
    FlashError
        ``NOT_VERIFIED``.
    DeviceRefused
        If it does not hash.
    """
    await _close(talk)
    hashed = await talk.ask(FileHashChecksum(name=path, type="sha256"), "hash the file")
    if hashed.len != len(data) or hashed.output != hashlib.sha256(data).digest():
        raise FlashError(
            FlashFault.NOT_VERIFIED,
            f"the device's hash of the {hashed.len:,} bytes it holds is not that of the {len(data):,} it was sent",
            advice="run the same again: it begins anew; if it fails twice, the device's flash is not to be trusted",
        )


async def _chunk(talk: Conversation, path: str, data: bytes, at: int) -> FileUpload:
    size = len(data) if at == 0 else None
    room = await talk.room_bytes(FileUpload(name=path, off=at, data=b"", len=size))
    return FileUpload(name=path, off=at, data=data[at : at + room], len=size)


async def _send(talk: Conversation, chunk: FileUpload, size_bytes: int) -> int | None:
    """Send a chunk and return what the device then has; None where that must be asked for."""
    try:
        answer = await talk.ask_once(chunk, _TAKE)
    except Unanswered as error:
        if error.fault is not FlashFault.NO_SMP:
            await talk.hang_up(error.why)
        return None
    except DeviceRefused as refused:
        if refused.may_pass or (refused.group == GroupId.FILE_MANAGEMENT and refused.code in _ELSEWHERE):
            return None
        if refused.group == GroupId.FILE_MANAGEMENT and refused.code in _FULL:
            raise FlashError(
                FlashFault.DEVICE_FULL,
                f"the device writes no more at {chunk.off:,} of {size_bytes:,} bytes: most likely it is full",
                advice="remove other files from it, or flash a smaller pack",
            ) from refused
        raise
    return answer.off if chunk.off < answer.off <= size_bytes else None


async def _close(talk: Conversation) -> None:
    """Close what is open; older servers have nothing to close."""
    try:
        await talk.ask(FileClose(), "close the file")
    except DeviceRefused:
        return
