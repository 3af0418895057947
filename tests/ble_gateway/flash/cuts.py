"""Flashes that are cut: at a random byte the link breaks, the patch resets, or whoever flashes is killed."""

import asyncio
import random
from dataclasses import dataclass

from ble_gateway.flash.conversation import Conversation, Patience
from ble_gateway.flash.flash import Sent, Stage, flash
from ble_gateway.simulator.smp.mishaps import Plan
from edge.errors import EdgeError
from tests.ble_gateway.flash.near import UNSIGNED, Bench, NearLine

IMPATIENT = Patience(answer_s=1.0, work_s=5.0, asks=3, pauses_s=(0.1, 0.5, 2.0), restart_s=(0.5, 1.0, 2.0))
RUNS = 12
"""So often whoever flashes tries again."""


@dataclass
class Outcome:
    """How a cut flash ended: `ended` after the last run, `runs` of the program, bytes that were sent twice."""

    ended: str
    runs: int
    again_bytes: int


class _Killed(Exception):
    pass


def play(seed, old, new, flashed):
    """Flash `new` over `old` through cuts from the seed; at every moment the patch runs one of the two.

    Parameters
    ----------
    seed
        Of all that goes wrong.
    old, new
        What the patch runs, and what it is given.
    flashed
        The patch's flash memory with `old` confirmed.
    """
    chance = random.Random(seed)
    size = len(new.data)
    cuts, resets = [], []
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
    kills = [chance.choice((chance.randrange(size), *Stage)) for _ in range(chance.randrange(3))]
    outage_s = chance.choice((0.0, 0.3, 10.0))
    return _play(Bench(plan=plan, memory=dict(flashed), outage_s=outage_s), old, new, kills)


async def _play(bench, old, new, kills):
    sent, ended, runs = 0, "", 0
    while runs < RUNS and ended != "confirmed":
        runs += 1
        ended, by = await _run(bench, new, kills.pop() if kills else None)
        sent += by
        assert bench.running in {old.offer.sha256, new.offer.sha256}
        if bench.running == new.offer.sha256 and bench.confirmed != new.offer.sha256:
            assert bench.confirmed == old.offer.sha256, "it is on trial, and gone with the next reset"
        await asyncio.sleep(15)
    held = bench.host.device.slots
    if ended == "confirmed":
        assert bench.confirmed == bench.running == new.offer.sha256
        assert held.file(held.running.slot) == new.data
    else:
        assert bench.confirmed == old.offer.sha256
    return Outcome(ended, runs, max(0, sent - len(new.data)))


async def _run(bench, content, kill_at):
    """Run the program once; killed at byte or stage `kill_at`. Returns how it ended and what it sent, bytes."""
    at = sent = 0

    def tell(event):
        nonlocal at, sent
        if isinstance(event, Sent):
            sent += max(0, event.at_bytes - at) if at else 0
            at = event.at_bytes
        if event is kill_at or (isinstance(kill_at, int) and isinstance(event, Sent) and at >= kill_at):
            raise _Killed

    talk = Conversation(NearLine(bench.host), IMPATIENT)
    try:
        await talk.open()
        await flash(talk, content, UNSIGNED, tell)
    except _Killed:  # nothing is closed: the process is gone
        return "killed", sent
    except EdgeError as error:
        return f"failed: {error.problem}", sent
    await talk.close()
    return "confirmed", sent
