"""Flashes that are cut: at a random byte the link breaks, the patch resets, or whoever flashes is killed."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.flash.bench import UNSIGNED, Bench, content, virtually
from ble_gateway.flash.conversation import Patience
from ble_gateway.flash.flash import Event, Sent, Stage, flash
from ble_gateway.flash.offer import Content
from ble_gateway.simulator.smp.mishaps import Plan
from edge.errors import EdgeError

CONFIRMED: Final = "confirmed"
_IMPATIENT: Final = Patience(answer_s=1.0, work_s=5.0, asks=3, pauses_s=(0.1, 0.5, 2.0), restart_s=(0.5, 1.0, 2.0))
_RUNS: Final = 12
"""So often whoever flashes tries again."""
_REST_S: Final = 15.0
"""From one run to the next: every outage is over then."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a flash with cuts went.

    Parameters
    ----------
    ended
        How the last run of the program ended: ``confirmed``, or why not.
    runs
        How often the program ran.
    always_sound
        Whether at every look the patch ran the old pack, or the new one on trial or confirmed, byte for byte.
    sent_twice_bytes
        Sent again.
    """

    ended: str
    runs: int
    always_sound: bool
    sent_twice_bytes: int


@dataclass(frozen=True, slots=True)
class Stakes:
    """What the patch runs, what it is given, and its flash memory with the first one confirmed."""

    old: Content
    new: Content
    memory: Mapping[str, bytes]


class _Killed(Exception):
    pass


def stakes() -> Stakes:
    """Make two packs and a patch that runs the first."""
    old, new = content("1.0.0"), content("1.1.0")
    bench = Bench()
    virtually(bench.flash(old))
    return Stakes(old, new, dict(bench.memory))


def play(seed: int, given: Stakes) -> Played:
    """Flash the new pack through two cuts, up to two kills, silence and errors, all from the seed."""
    chance = random.Random(seed)  # noqa: S311 - a play, no secret
    size = len(given.new.data)
    cuts: list[int] = []
    resets: list[int] = []
    for _ in range(2):
        chance.choice((cuts, resets)).append(chance.randrange(2 * size))
    plan = Plan(
        seed=seed,
        cut_at=tuple(cuts),
        reset_at=tuple(resets),
        lost=chance.choice((0.0, 0.0, 0.02)),
        refused=chance.choice((0.0, 0.0, 0.02)),
        unreadable=chance.choice((0.0, 0.0, 0.02)),
    )
    kills: list[int | Stage] = [chance.choice((chance.randrange(size), *Stage)) for _ in range(chance.randrange(3))]
    bench = Bench(plan=plan, memory=dict(given.memory), outage_s=chance.choice((0.0, 0.3, 10.0)))
    return virtually(_play(bench, given, kills))


async def _play(bench: Bench, given: Stakes, kills: list[int | Stage]) -> Played:
    sent, ended, runs, sound = 0, "", 0, True
    while runs < _RUNS and ended != CONFIRMED:
        runs += 1
        ended, by_this_run = await _run(bench, given.new, kills.pop() if kills else None)
        sent += by_this_run
        sound = sound and _is_sound(bench, given, ended)
        await asyncio.sleep(_REST_S)
    return Played(ended, runs, sound, max(0, sent - len(given.new.data)))


def _is_sound(bench: Bench, given: Stakes, ended: str) -> bool:
    old, new = given.old.offer.sha256, given.new.offer.sha256
    slots = bench.host.device.slots
    running = slots.running
    if running is None or slots.file(running.slot) not in {given.old.data, given.new.data}:
        return False
    if ended == CONFIRMED:
        return bench.running == bench.confirmed == new
    return bench.confirmed in {old, new} and bench.running in {bench.confirmed, new}


async def _run(bench: Bench, what: Content, kill_at: int | Stage | None) -> tuple[str, int]:
    """Run the program once, killed at a byte or stage. Returns how it ended and what it sent, bytes."""
    at = sent = 0

    def tell(event: Event) -> None:
        nonlocal at, sent
        if isinstance(event, Sent):
            sent += max(0, event.at_bytes - at) if at else 0
            at = event.at_bytes
        if event is kill_at or (isinstance(kill_at, int) and isinstance(event, Sent) and at >= kill_at):
            raise _Killed

    talk = bench.talk(_IMPATIENT)
    try:
        await talk.open()
        await flash(talk, what, UNSIGNED, tell)
    except _Killed:  # nothing is closed: the process is gone
        return "killed", sent
    except EdgeError as error:
        await talk.close()
        return f"failed: {error.problem}", sent
    await talk.close()
    return CONFIRMED, sent
