"""Flash a device: read what it is, plan, upload, verify, try, confirm.

Whatever happens, the device runs what it ran before or what it was given, tried and confirmed: nothing is confirmed
that did not pass, and what is not confirmed is gone with the next reset.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeAlias, assert_never

from ble_gateway.flash.conversation import Conversation, Reconnecting
from ble_gateway.flash.device import read_state, restart
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault
from ble_gateway.flash.image import start_image, upload_image
from ble_gateway.flash.messages import GROUP, Confirm, PatchError, Slot, SlotState, Try
from ble_gateway.flash.objections import Policy
from ble_gateway.flash.offer import Content
from ble_gateway.flash.plan import FlashPlan, Refuse, Skip, Upload, UploadImage, plan_flash
from ble_gateway.flash.state import DeviceState, ImageOffer
from ble_gateway.flash.upload import upload_file, verify
from ble_gateway.flash.words import FlashRefused
from edge.errors import EdgeError

_STATE_UNKNOWN: Final = "what it runs now cannot be told: it does not answer"


class Stage(StrEnum):
    """What is being done."""

    UPLOADING = "uploading"
    VERIFYING = "verifying"
    TRYING = "trying"
    CONFIRMING = "confirming"
    RESTARTING = "restarting"


@dataclass(frozen=True, slots=True)
class Planned:
    """The device was asked, and this is what is to be done."""

    device: DeviceState
    plan: FlashPlan


@dataclass(frozen=True, slots=True)
class Sent:
    """So many bytes are on the device; told first with what was there, and again with each chunk."""

    at_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What an upload came to.

    Parameters
    ----------
    resumed_bytes
        Already there when it began.
    sent_bytes
        Sent, again what was lost.
    seconds
        It took.
    """

    resumed_bytes: int
    sent_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What the device's self-test came to.

    Parameters
    ----------
    windows
        Tried; 0 where the device had tried it before, and put it on trial.
    """

    windows: int


Event: TypeAlias = Planned | Stage | Sent | Sending | Tried | Reconnecting
"""What is told while a device is flashed."""
Tell: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """It was there already."""

    plan: Skip


@dataclass(frozen=True, slots=True)
class Flashed:
    """It is on the device, verified, tried and confirmed.

    Parameters
    ----------
    plan
        As it was done.
    sending
        What the upload came to.
    self_test
        None for an image, which is tried by starting it.
    """

    plan: Upload | UploadImage
    sending: Sending
    self_test: Tried | None


Done: TypeAlias = Skipped | Flashed
"""How a flash ends that does not fail."""


async def flash(talk: Conversation, content: Content, policy: Policy, tell: Tell = lambda _: None) -> Done:
    """Flash a device, over a conversation that is open.

    Parameters
    ----------
    talk
        With the device.
    content
        What it is to run.
    policy
        What the user asks for.
    tell
        Told of each step.

    Raises
    ------
    FlashRefused
        If the plan says no; nothing was written.
    FlashError
        If it cannot be done; the device runs what it ran.
    """
    device = await read_state(talk)
    plan = plan_flash(device, content.offer, policy)
    tell(Planned(device, plan))
    match plan:
        case Refuse():
            raise FlashRefused(content.label, plan)
        case Skip():
            if plan.ends_trial:
                await _end_trial(talk, tell)
            return Skipped(plan)
        case Upload():
            return await _flash_pack(talk, content, plan, tell)
        case UploadImage():
            return await _flash_image(talk, content, plan, tell)
        case _:
            assert_never(plan)


async def _flash_pack(talk: Conversation, content: Content, plan: Upload, tell: Tell) -> Flashed:
    data = content.data
    if plan.ends_trial:
        await _end_trial(talk, tell)
    tell(Stage.UPLOADING)
    sending = await _send(upload_file(talk, plan.path, data), len(data), tell)
    tell(Stage.VERIFYING)
    await verify(talk, plan.path, data)
    tell(Stage.TRYING)
    tested = await _try(talk, plan.path, content)
    tell(tested)
    tell(Stage.CONFIRMING)
    await _confirm(talk, plan.path, content)
    return Flashed(plan, sending, tested)


async def _flash_image(talk: Conversation, content: Content, plan: UploadImage, tell: Tell) -> Flashed:
    data, offer = content.data, content.offer
    if not isinstance(offer, ImageOffer):
        raise TypeError("an image's plan for a pack")
    sending = Sending(len(data), 0, 0.0)
    device = await read_state(talk)
    if all(image.sha256 != offer.sha256 for image in device.images or ()):
        tell(Stage.UPLOADING)
        sending = await _send(upload_image(talk, data, sha256(data).digest()), len(data), tell)
    tell(Stage.RESTARTING)
    await start_image(talk, offer, lambda _: tell(Stage.CONFIRMING))
    return Flashed(plan, sending, None)


async def _send(upload: AsyncGenerator[int, None], size_bytes: int, tell: Tell) -> Sending:
    """Drain an upload, and tell how far it is."""
    began_s = time.monotonic()
    resumed: int | None = None
    at = sent = 0
    async with contextlib.aclosing(upload):
        async for reached in upload:
            if resumed is None:
                resumed = reached
            else:
                sent += max(0, reached - at)
            at = reached
            tell(Sent(at, size_bytes))
    done = Sending(resumed or 0, sent, time.monotonic() - began_s)
    tell(done)
    return done


async def _try(talk: Conversation, path: str, content: Content) -> Tried:
    """Let the device run the pack's self-test, and put it on trial."""
    digest = content.offer.sha256
    try:
        tested = await talk.ask(Try(path=path, sha256=digest), "try the pack", within_s=talk.patience.work_s)
    except DeviceRefused as refused:
        if (
            refused.group == GROUP
            and refused.code == PatchError.SLOT_IN_USE
            and await _is(talk, digest, SlotState.TRIAL)
        ):
            return Tried(0)
        raise await _explained(talk, refused, content) from refused
    if tested.windows and not tested.differing:
        return Tried(tested.windows)
    failed = f"outputs that differ: {tested.differing}" if tested.windows else "it has none that can be run there"
    error = FlashError(
        FlashFault.SELF_TEST_FAILED,
        f"{content.label} fails its self-test on the device ({failed})",
        advice="do not use the pack on this device; check that it was made for it",
    )
    raise await _explained(talk, error, content)


async def _confirm(talk: Conversation, path: str, content: Content) -> None:
    digest = content.offer.sha256
    try:
        await talk.ask(Confirm(sha256=digest), "keep the pack")
    except DeviceRefused as refused:
        if await _is(talk, digest, SlotState.CONFIRMED):
            return
        raise await _explained(talk, refused, content) from refused
    if not await _is(talk, digest, SlotState.CONFIRMED):
        error = FlashError(
            FlashFault.NOT_CONFIRMED,
            f"the device says that it keeps {content.label} in {path}, and does not list it so",
            advice="run the same again",
        )
        raise await _explained(talk, error, content)


async def _is(talk: Conversation, digest: bytes, state: SlotState) -> bool:
    patch = (await read_state(talk)).patch
    return patch is not None and any(slot.sha256 == digest and slot.state is state for slot in patch.slots)


async def _explained(talk: Conversation, error: FlashError, content: Content) -> FlashError:
    """Add what the device runs now; a pack that failed and is on trial all the same is taken off it."""
    with contextlib.suppress(EdgeError):
        patch = (await read_state(talk)).patch
        if patch and patch.on_trial and patch.on_trial.sha256 == content.offer.sha256:
            patch = (await restart(talk, _no_trial)).patch
        if patch:
            error.problem += f"; the device runs {running_label(patch.running)}"
            return error
    error.problem += f"; {_STATE_UNKNOWN}"
    return error


async def _end_trial(talk: Conversation, tell: Tell) -> None:
    """Reset the device, which ends the trial of what somebody left there."""
    tell(Stage.RESTARTING)
    if not _no_trial(await restart(talk, _no_trial)):
        raise FlashError(
            FlashFault.DEVICE_REFUSED,
            "the device was reset, and the pack on trial runs on",
            advice="switch it off and on, and run the same again",
        )


def _no_trial(state: DeviceState) -> bool:
    return state.patch is not None and state.patch.on_trial is None


def running_label(slot: Slot | None) -> str:
    """Say what runs, for people."""
    if slot is None:
        return "what it left the factory with"
    label = f"{slot.name} {slot.version}".strip() or f"the pack in {slot.path}"
    return f"{label} (on trial)" if slot.state is SlotState.TRIAL else label
