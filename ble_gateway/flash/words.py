"""Why a flash is refused, in words: what is so, and what the user can do."""

from typing import Final

from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.flash.objections import ALLOWED_BY, Fact, Refusal
from ble_gateway.flash.plan import Refuse


class FlashRefused(FlashError):
    """A flash was not begun: the plan says no.

    Parameters
    ----------
    what
        What was to be flashed, for people.
    refuse
        The plan.
    """

    def __init__(self, what: str, refuse: Refuse) -> None:
        problem, advice = _words(refuse.reason, refuse.facts)
        also = f"; also: {', '.join(reason.replace('_', ' ') for reason in refuse.also)}" if refuse.also else ""
        if (allow := ALLOWED_BY.get(refuse.reason)) is not None:
            advice += f", or flash it all the same: --allow-{allow}"
        super().__init__(FlashFault.PLAN_SAYS_NO, f"{what} is not flashed: {problem}{also}", advice=advice)
        self.refuse = refuse


_WORDS: Final = {
    Refusal.NOT_A_PATCH: (
        "the device speaks SMP and has no place for it",
        "check that its firmware serves group 165 for packs (PATCH_PROTOCOL.md), and group 1 for images",
    ),
    Refusal.NEWER_PROTOCOL: ("the patch speaks version {protocol} of the protocol", "update anyecg-edge"),
    Refusal.NOT_THAT_BOARD: (
        "the device calls its board {board!r}, and --board says {asked!r}",
        "check which device is connected",
    ),
    Refusal.OTHER_BOARD: ("it was made for {made_for}, and the device is a {board}", "make a pack for {board}"),
    Refusal.NEEDS_UNKNOWN: ("it does not say what it needs of a patch", "make it again with this release's converter"),
    Refusal.DOES_NOT_FIT: ("it does not fit ({shortage})", "make a smaller one (anyecg distil; see anyecg fit)"),
    Refusal.NO_FREE_SLOT: ("every slot of the device is in use", "reset the device, which ends a trial"),
    Refusal.BADLY_SIGNED: (
        "its signature does not hold ({why})",
        "get it again from who signed it, or sign it anew (anyecg keys sign)",
    ),
    Refusal.UNSIGNED: ("it is not signed", "sign it (anyecg keys sign)"),
    Refusal.UNKNOWN_KEY: (
        "it was signed by key {key:.16}, which is none that you trust",
        "name the key (--key FILE.pub)",
    ),
    Refusal.NOT_FOR_THIS_DEVICE: (
        "the device runs only packs signed by a key it knows ({keys[0]:.16})",
        "sign it with that key (anyecg keys sign)",
    ),
    Refusal.OLDER: ("version {offered} is older than {running}, which runs", "take a newer one"),
    Refusal.UNORDERED: (
        "whether version {offered!r} is older than {running!r}, which runs, cannot be told",
        "number versions as 1.2.0",
    ),
    Refusal.BATTERY_LOW: (
        "the battery is at {battery_percent} %, and an update wants {least} %",
        "charge the device first",
    ),
}
"""Problem and advice, to be filled in with the facts."""


def _words(reason: Refusal, facts: dict[str, Fact]) -> tuple[str, str]:
    problem, advice = _WORDS[reason]
    known = facts | {"shortage": _shortage(facts)}
    return problem.format(**known), advice.format(**known)


def _shortage(facts: dict[str, Fact]) -> str:
    """Say what is short."""
    short = []
    ram, room = facts.get("ram_needed_bytes", 0), facts.get("ram_bytes", 0)
    if isinstance(ram, int) and isinstance(room, int) and ram > room:
        short.append(f"RAM {ram:,} of {room:,} bytes")
    flash, slot = facts.get("flash_needed_bytes", 0), facts.get("slot_bytes", 0)
    if isinstance(flash, int) and isinstance(slot, int) and flash > slot:
        short.append(f"slot {flash:,} of {slot:,} bytes")
    unknown = facts.get("unknown_operators", ())
    if isinstance(unknown, tuple) and unknown:
        short.append(f"no operator {', '.join(unknown)}")
    return ", ".join(short)
