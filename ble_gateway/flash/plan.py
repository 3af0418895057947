"""What is to be done with a device and what it is offered: skip, refuse, or upload. Pure.

Whatever is allowed, a pack that does not fit, or was altered after it was signed, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias, assert_never

from ble_gateway.flash.messages import Slot, SlotState
from ble_gateway.flash.objections import (
    ALLOWED_BY,
    Fact,
    Objection,
    Policy,
    Refusal,
    objections_to_image,
    objections_to_pack,
)
from ble_gateway.flash.state import DeviceState, ImageOffer, Offer, PackOffer, Patch

PROTOCOL: Final = 1
"""Version of the patch's SMP group that this release speaks."""


@dataclass(frozen=True, slots=True)
class Skip:
    """It is there already, and confirmed.

    Parameters
    ----------
    where
        Its place on the device.
    ends_trial
        Another pack is on trial: a reset ends that.
    """

    where: str
    ends_trial: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing is done.

    Parameters
    ----------
    reason, facts
        Why.
    also
        What else would have to be dealt with.
    """

    reason: Refusal
    facts: dict[str, Fact] = field(default_factory=dict)
    also: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """Upload what is not there yet of a pack, verify it, try it, confirm it.

    Parameters
    ----------
    path
        Of the slot's file.
    ends_trial
        The slot is free only once a reset has ended the trial of what it holds.
    overridden
        What was allowed to pass.
    """

    path: str
    ends_trial: bool = False
    overridden: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadImage:
    """Upload what is not there yet of an image, test it through a reset, confirm it.

    Parameters
    ----------
    overridden
        What was allowed to pass.
    """

    overridden: tuple[Refusal, ...] = ()


FlashPlan: TypeAlias = Skip | Refuse | Upload | UploadImage


def plan_flash(device: DeviceState, offer: Offer, policy: Policy) -> FlashPlan:
    """Decide what is to be done.

    Parameters
    ----------
    device
        What it is and runs.
    offer
        What it is to run.
    policy
        What the user asks for.
    """
    match offer:
        case PackOffer():
            return _plan_pack(device.patch, offer, policy)
        case ImageOffer():
            return _plan_image(device, offer, policy)
        case _:
            assert_never(offer)


def _plan_pack(patch: Patch | None, offer: PackOffer, policy: Policy) -> FlashPlan:
    if patch is None:
        return Refuse(Refusal.NOT_A_PATCH)
    if patch.protocol != PROTOCOL:
        return Refuse(Refusal.NEWER_PROTOCOL, {"protocol": patch.protocol})
    if policy.board not in {None, patch.board}:
        return Refuse(Refusal.NOT_THAT_BOARD, {"board": patch.board, "asked": policy.board or ""})
    confirmed = patch.confirmed
    if confirmed and confirmed.sha256 == offer.sha256:
        return Skip(confirmed.path, ends_trial=patch.on_trial is not None)
    slot = _slot(patch, offer)
    blocking, overridden = _sorted_out(objections_to_pack(patch, offer, policy, slot), policy)
    if blocking or slot is None:
        return _refuse(blocking)
    ends_trial = slot.state is SlotState.TRIAL and slot.sha256 != offer.sha256
    return Upload(slot.path, ends_trial=ends_trial, overridden=overridden)


def _slot(patch: Patch, offer: PackOffer) -> Slot | None:
    """Choose the slot: the one that holds this pack, else a free one, else one that a reset frees."""
    usable = [slot for slot in patch.slots if slot.state is not SlotState.CONFIRMED]
    return next(
        iter(sorted(usable, key=lambda slot: (slot.sha256 != offer.sha256, slot.state is SlotState.TRIAL))), None
    )


def _plan_image(device: DeviceState, offer: ImageOffer, policy: Policy) -> FlashPlan:
    active = next((image for image in device.images or () if image.active), None)
    if active is None:
        return Refuse(Refusal.NOT_A_PATCH)
    board = device.patch.board if device.patch else ""
    if policy.board not in {None, board}:
        return Refuse(Refusal.NOT_THAT_BOARD, {"board": board, "asked": policy.board or ""})
    if active.sha256 == offer.sha256 and active.confirmed:
        return Skip(f"image slot {active.slot}")
    blocking, overridden = _sorted_out(objections_to_image(device, active, offer, policy), policy)
    return _refuse(blocking) if blocking else UploadImage(overridden)


def _sorted_out(objections: Iterator[Objection], policy: Policy) -> tuple[list[Objection], tuple[Refusal, ...]]:
    """Part what stands in the way from what the user allows."""
    blocking: list[Objection] = []
    overridden: list[Refusal] = []
    for objection in objections:
        if ALLOWED_BY.get(objection.reason) in policy.allow:
            overridden.append(objection.reason)
        else:
            blocking.append(objection)
    return blocking, tuple(overridden)


def _refuse(blocking: list[Objection]) -> Refuse:
    first, *rest = blocking
    return Refuse(first.reason, first.facts, tuple(objection.reason for objection in rest))
