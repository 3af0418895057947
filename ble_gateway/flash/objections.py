"""All that may speak against a flash, each with what it rests on. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from ble_gateway.flash.messages import Slot
from ble_gateway.flash.state import DeviceState, Image, ImageOffer, PackOffer, Patch
from ble_gateway.flash.versions import Order, compare
from edge.boards.fitting import Room, fits
from edge.signature import BadlySigned, SignedBy, Unsigned, fingerprint

LEAST_BATTERY_PERCENT: Final = 20
"""With less charge nothing is written: a patch whose battery dies amid an update may be out of its wearer's reach."""
Fact: TypeAlias = str | int | tuple[str, ...]


class Allow(StrEnum):
    """What the user may allow."""

    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown-key"
    DOWNGRADE = "downgrade"
    OTHER_BOARD = "other-board"


class Refusal(StrEnum):
    """Why nothing is uploaded."""

    NOT_A_PATCH = "not_a_patch"
    """It keeps no packs, or takes no firmware."""
    NEWER_PROTOCOL = "newer_protocol"
    NOT_THAT_BOARD = "not_that_board"
    """The device is another one than the user says."""
    OTHER_BOARD = "other_board"
    """The pack was made for another one."""
    NEEDS_UNKNOWN = "needs_unknown"
    """The pack does not say what it needs."""
    DOES_NOT_FIT = "does_not_fit"
    NO_FREE_SLOT = "no_free_slot"
    BADLY_SIGNED = "badly_signed"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    """Signed by a key that this user does not trust."""
    NOT_FOR_THIS_DEVICE = "not_for_this_device"
    """The device runs only packs that other keys signed."""
    OLDER = "older"
    UNORDERED = "unordered"
    """Which version is the older cannot be told."""
    BATTERY_LOW = "battery_low"


ALLOWED_BY: Final = {
    Refusal.OTHER_BOARD: Allow.OTHER_BOARD,
    Refusal.UNSIGNED: Allow.UNSIGNED,
    Refusal.UNKNOWN_KEY: Allow.UNKNOWN_KEY,
    Refusal.OLDER: Allow.DOWNGRADE,
    Refusal.UNORDERED: Allow.DOWNGRADE,
}
"""What lets a refusal pass; those not named here never do."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user asks for.

    Parameters
    ----------
    trusted
        Ed25519 public keys whose packs are trusted.
    allow
        What is let pass.
    board
        The board that the device must be; None: any.
    least_battery_percent
        With less nothing is written.
    """

    trusted: frozenset[bytes] = frozenset()
    allow: frozenset[Allow] = frozenset()
    board: str | None = None
    least_battery_percent: int = LEAST_BATTERY_PERCENT


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing that speaks against it.

    Parameters
    ----------
    reason
        Why.
    facts
        What it rests on, by name.
    """

    reason: Refusal
    facts: dict[str, Fact] = field(default_factory=dict)


def objections_to_pack(patch: Patch, offer: PackOffer, policy: Policy, slot: Slot | None) -> Iterator[Objection]:
    """Tell all that speaks against a pack, the gravest first.

    Parameters
    ----------
    patch, offer, policy
        What the device is, what it is to run, and what the user asks for.
    slot
        Where the pack would go; None: there is no place.
    """
    if offer.board not in {None, patch.board}:
        yield Objection(Refusal.OTHER_BOARD, {"board": patch.board, "made_for": offer.board or ""})
    yield from _objections_to_size(patch, offer, slot)
    yield from _objections_to_signature(patch, offer, policy)
    if (running := patch.confirmed or patch.on_trial) and running.name == offer.name:
        yield from _objections_to_version(offer.version, running.version)
    yield from _objections_to_battery(patch, policy)


def _objections_to_size(patch: Patch, offer: PackOffer, slot: Slot | None) -> Iterator[Objection]:
    if slot is None:
        yield Objection(Refusal.NO_FREE_SLOT, {"slots": len(patch.slots)})
        return
    if offer.needs is None:
        yield Objection(Refusal.NEEDS_UNKNOWN)
    elif not (fit := fits(offer.needs, Room(slot.size_bytes, patch.ram_bytes, patch.operators))):
        yield Objection(
            Refusal.DOES_NOT_FIT,
            {
                "ram_needed_bytes": fit.ram.needed_bytes,
                "ram_bytes": fit.ram.room_bytes,
                "flash_needed_bytes": max(fit.flash.needed_bytes, offer.size_bytes),
                "slot_bytes": slot.size_bytes,
                "unknown_operators": fit.unknown_operators,
            },
        )
        return
    if offer.size_bytes > slot.size_bytes:
        yield Objection(Refusal.DOES_NOT_FIT, {"flash_needed_bytes": offer.size_bytes, "slot_bytes": slot.size_bytes})


def _objections_to_signature(patch: Patch, offer: PackOffer, policy: Policy) -> Iterator[Objection]:
    match offer.signing:
        case BadlySigned(why):
            yield Objection(Refusal.BADLY_SIGNED, {"why": why})
        case Unsigned():
            if patch.keys:
                yield Objection(Refusal.NOT_FOR_THIS_DEVICE, {"keys": _names(patch.keys)})
            yield Objection(Refusal.UNSIGNED)
        case SignedBy(key):
            if patch.keys and bytes.fromhex(fingerprint(key)) not in patch.keys:
                yield Objection(Refusal.NOT_FOR_THIS_DEVICE, {"key": fingerprint(key), "keys": _names(patch.keys)})
            if key not in policy.trusted:
                yield Objection(Refusal.UNKNOWN_KEY, {"key": fingerprint(key), "trusted": len(policy.trusted)})
        case _:
            assert_never(offer.signing)


def _names(keys: frozenset[bytes]) -> tuple[str, ...]:
    return tuple(sorted(key.hex() for key in keys))


def _objections_to_version(offered: str, running: str) -> Iterator[Objection]:
    match compare(offered, running):
        case Order.OLDER:
            yield Objection(Refusal.OLDER, {"offered": offered, "running": running})
        case Order.UNKNOWN:
            yield Objection(Refusal.UNORDERED, {"offered": offered, "running": running})
        case Order.SAME | Order.NEWER:
            return


def _objections_to_battery(patch: Patch, policy: Policy) -> Iterator[Objection]:
    if patch.battery_percent is not None and patch.battery_percent < policy.least_battery_percent:
        facts: dict[str, Fact] = {"battery_percent": patch.battery_percent, "least": policy.least_battery_percent}
        yield Objection(Refusal.BATTERY_LOW, facts)


def objections_to_image(device: DeviceState, active: Image, offer: ImageOffer, policy: Policy) -> Iterator[Objection]:
    """Tell all that speaks against a firmware image, the gravest first; `active` is the one that runs."""
    others = [image for image in device.images or () if image.sha256 != offer.sha256]
    if any(image.pending or (image.active and not image.confirmed) for image in others):
        yield Objection(Refusal.NO_FREE_SLOT, {"slots": len(device.images or ())})
    if not offer.signed:
        yield Objection(Refusal.UNSIGNED)
    if active.sha256 != offer.sha256:
        yield from _objections_to_version(offer.version, active.version)
    if device.patch is not None:
        yield from _objections_to_battery(device.patch, policy)
