"""What a device says of itself, asked of its groups."""

import asyncio
import contextlib
from collections.abc import Callable

from smp.error import MGMT_ERR
from smpclient.requests.image_management import ImageStatesRead
from smpclient.requests.os_management import ResetWrite

from ble_gateway.flash.conversation import Conversation, Unanswered
from ble_gateway.flash.errors import DeviceRefused
from ble_gateway.flash.messages import ReadStatus
from ble_gateway.flash.state import DeviceState, Image, Patch

_NOT_SERVED = frozenset({MGMT_ERR.ENOTSUP, MGMT_ERR.ENOENT})


async def read_state(talk: Conversation) -> DeviceState:
    """Ask a device what it is and runs.

    Raises
    ------
    FlashError
        If it does not answer, or with an error other than that it has no such group.
    """
    return DeviceState(await _read_patch(talk), await _read_images(talk))


async def _read_patch(talk: Conversation) -> Patch | None:
    try:
        says = await talk.ask(ReadStatus(), "tell what it is")
    except DeviceRefused as refused:
        if refused.group is None and refused.code in _NOT_SERVED:
            return None
        raise
    return Patch(
        protocol=says.protocol,
        board=says.board,
        firmware=says.firmware,
        battery_percent=says.battery_percent if says.battery_percent >= 0 else None,
        ram_bytes=says.ram_bytes,
        operators=frozenset(says.operators),
        slots=says.slots,
        keys=frozenset(says.keys),
    )


async def _read_images(talk: Conversation) -> tuple[Image, ...] | None:
    try:
        says = await talk.ask(ImageStatesRead(), "tell its images")
    except DeviceRefused as refused:
        if refused.group is None and refused.code in _NOT_SERVED:
            return None
        raise
    return tuple(
        Image(
            image.slot,
            image.version,
            bytes(image.hash or b""),
            active=bool(image.active),
            confirmed=bool(image.confirmed),
            pending=bool(image.pending),
        )
        for image in says.images
        if not image.image  # of the application; others are a second core's
    )


async def restart(talk: Conversation, until: Callable[[DeviceState], bool]) -> DeviceState:
    """Reset a device, and look until it is as it should be or patience is at its end; returns how it then is.

    Raises
    ------
    FlashError
        ``LINK_LOST`` if it does not come back.
    """
    with contextlib.suppress(Unanswered):  # some are gone before they answer
        await talk.ask_once(ResetWrite(), "reset")
    await talk.hang_up("it was reset")
    state: DeviceState | None = None
    for pause_s in talk.patience.restart_s:
        await asyncio.sleep(pause_s)
        state = await read_state(talk)
        if until(state):
            return state
    return state or await read_state(talk)
