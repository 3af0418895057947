"""Firmware with the model inside: uploaded, started, and kept only if it runs; MCUboot swaps back what is not kept."""

from collections.abc import AsyncGenerator, Callable
from typing import Final

from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR
from smpclient.requests.image_management import ImageStatesWrite, ImageUploadWrite

from ble_gateway.flash.conversation import Conversation, Unanswered
from ble_gateway.flash.device import read_state, restart
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault
from ble_gateway.flash.state import DeviceState, Image, ImageOffer
from ble_gateway.flash.upload import STALLS

_TAKE: Final = "take the image"
_FULL: Final = frozenset({IMG_MGMT_ERR.INVALID_IMAGE_TOO_LARGE, IMG_MGMT_ERR.FLASH_WRITE_FAILED})


async def upload_image(talk: Conversation, data: bytes, sha256: bytes) -> AsyncGenerator[int, None]:
    """Upload what the device does not have of an image yet; the device itself says where it is.

    Parameters
    ----------
    talk
        With the device.
    data
        The whole file.
    sha256
        Of the file: by it the device knows an upload that was cut.

    Yields
    ------
    int
        How much the device has, bytes: first what it had, at last ``len(data)``.

    Raises
    ------
    FlashError
        ``DEVICE_FULL``, ``NOT_VERIFIED``, or ``LINK_LOST`` if it gets no further.
    DeviceRefused
        If it does not take the image.
    """
    at = furthest = stalls = 0
    while at < len(data):
        chunk = await _chunk(talk, data, sha256, at)
        reached = await _send(talk, chunk, len(data))
        if reached is None or reached <= at:
            stalls += 1
            if stalls > 1:
                talk.send_less(len(chunk.data))
            if stalls > STALLS:
                raise FlashError(
                    FlashFault.LINK_LOST,
                    f"the upload got no further than {furthest:,} of {len(data):,} bytes",
                    advice="bring the device nearer, switch it off and on, and run the same again",
                )
        elif reached > furthest:
            if not furthest:
                yield reached if reached != len(chunk.data) else 0
            furthest, stalls = reached, 0
        at = reached or 0  # from 0 the device says where it is
        yield at


async def _chunk(talk: Conversation, data: bytes, sha256: bytes, at: int) -> ImageUploadWrite:
    if at:
        room = await talk.room_bytes(ImageUploadWrite(off=at, data=b""))
        return ImageUploadWrite(off=at, data=data[at : at + room])
    room = await talk.room_bytes(ImageUploadWrite(off=0, data=b"", len=len(data), sha=sha256, image=0, upgrade=False))
    return ImageUploadWrite(off=0, data=data[:room], len=len(data), sha=sha256, image=0, upgrade=False)


async def _send(talk: Conversation, chunk: ImageUploadWrite, size_bytes: int) -> int | None:
    """Send a chunk and return what the device then has; None where that must be asked for."""
    try:
        answer = await talk.ask_once(chunk, _TAKE, within_s=None if chunk.off else talk.patience.work_s)
    except Unanswered as error:
        if error.fault is not FlashFault.NO_SMP:
            await talk.hang_up(error.why)
        return None
    except DeviceRefused as refused:
        if refused.may_pass or refused.code == IMG_MGMT_ERR.INVALID_OFFSET:
            return None
        if refused.group == GroupId.IMAGE_MANAGEMENT and refused.code in _FULL:
            raise FlashError(
                FlashFault.DEVICE_FULL,
                f"the device has no room for an image of {size_bytes:,} bytes",
                advice="build a smaller image",
            ) from refused
        raise
    if answer.match is False:
        raise FlashError(
            FlashFault.NOT_VERIFIED,
            "the device's hash of the image is not that of what it was sent",
            advice="run the same again; if it fails twice, the device's flash is not to be trusted",
        )
    return answer.off if answer.off is not None and answer.off <= size_bytes else None


async def start_image(talk: Conversation, offer: ImageOffer, tell: Callable[[DeviceState], None]) -> None:
    """Start an image that was uploaded, and keep it if it is what runs then.

    Raises
    ------
    FlashError
        ``NOT_VERIFIED`` if the device holds another one; ``NOT_STARTED`` if it runs another one after the reset.
    """
    state = await read_state(talk)
    if not _find(state, offer).active:
        await talk.ask(ImageStatesWrite(hash=offer.sha256), "start the image")
        state = await restart(talk, lambda now: not any(image.pending for image in now.images or ()))
    tell(state)
    held = _find(state, offer)
    if not held.active:
        running = next((image.version for image in state.images or () if image.active), "what it ran")
        raise FlashError(
            FlashFault.NOT_STARTED,
            f"firmware {offer.version} does not start, and the device runs {running}",
            advice="see the device's log: its boot loader refuses images that are not signed with its key",
        )
    if not held.confirmed:
        await talk.ask(ImageStatesWrite(hash=offer.sha256, confirm=True), "keep the image")


def _find(state: DeviceState, offer: ImageOffer) -> Image:
    for image in state.images or ():
        if image.sha256 == offer.sha256:
            return image
    raise FlashError(
        FlashFault.NOT_VERIFIED,
        "the device does not list the image that it was sent",
        advice="run the same again; if it fails twice, the device's flash is not to be trusted",
    )
