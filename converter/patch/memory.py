"""Static memory: where each buffer of a `Schedule` lies, found before anything runs.

Two buffers that live at the same time keep apart, but for the overlaps that a kernel allows (``anyecg_kernels.h``).
Padding belongs to a buffer only while a kernel reads it. Buffers are placed one by one at the lowest offset that is
free; which order gives the smallest arena is searched for, with a fixed seed.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from converter.patch.schedule import Overlap, Read, Schedule, Step

ALIGNMENT: Final = 4
"""Of every buffer, so that cores read whole words."""
SCRATCH_ALIGNMENT: Final = 8
WINDOW: Final = -1
"""The buffer of device counts, which the preprocessing reads."""
_TRIES: Final = 600


Key: TypeAlias = tuple[str, int]
"""What is placed: ``("buffer", number)`` or ``("scratch", step)``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule with a place for everything.

    Parameters
    ----------
    schedule
        Its steps in the order that needs least.
    offsets
        Of each buffer in the arena, bytes, padding not included; `WINDOW` among them where there is one.
    scratch
        Offset of each step's scratch; None where it needs none.
    arena_bytes
        Size of the whole.
    """

    schedule: Schedule
    offsets: dict[int, int]
    scratch: tuple[int | None, ...]
    arena_bytes: int


def plan_memory(schedule: Schedule, window_bytes: int = 0, *, tries: int = _TRIES) -> Plan:
    """Place all buffers of a schedule.

    Parameters
    ----------
    schedule
        What runs.
    window_bytes
        Of device counts and the preprocessing's work, at the start of which the network's input may lie; 0 without.
    tries
        How many orders of placing are tried beyond the obvious ones.
    """
    orders = [schedule] if (other := eager(schedule)) is None else [schedule, other]
    plans = [_planned(order, window_bytes, tries) for order in orders]
    return min(plans, key=lambda plan: plan.arena_bytes)


def eager(schedule: Schedule) -> Schedule | None:
    """Return the schedule in an order that runs what frees memory as soon as it can; None where that is the same."""
    waiting, done = list(schedule.steps), list[Step]()
    written = {schedule.input}
    left: dict[int, int] = defaultdict(int)
    for step in waiting:
        for buffer in {read.buffer for read in step.reads}:
            left[buffer] += 1
    left[schedule.output] += 1
    while waiting:
        ready = [step for step in waiting if all(read.buffer in written for read in step.reads)]
        step = min(ready, key=lambda step: _growth(step, schedule, left))
        waiting.remove(step)
        done.append(step)
        written.add(step.writes)
        for buffer in {read.buffer for read in step.reads}:
            left[buffer] -= 1
    return None if done == list(schedule.steps) else replace(schedule, steps=tuple(done))


def _growth(step: Step, schedule: Schedule, left: dict[int, int]) -> int:
    """By how much more lives after a step than before it."""
    freed = sum(schedule.buffers[buffer] for buffer in {read.buffer for read in step.reads} if left[buffer] == 1)
    return schedule.buffers[step.writes] - freed


@dataclass(frozen=True, slots=True)
class Piece:
    """What is placed: a buffer or a step's scratch.

    Parameters
    ----------
    size_bytes
        Padding not included.
    first, last
        Steps between which it lives, both included; the preprocessing is step -1.
    alignment
        Of its offset.
    padding
        Bytes before and after it, by the step that reads them.
    """

    size_bytes: int
    first: int
    last: int
    alignment: int
    padding: dict[int, tuple[int, int]]

    def region(self, step: int) -> tuple[int, int]:
        """From where to where it reaches at a step, relative to its offset."""
        before, after = self.padding.get(step, (0, 0))
        return -before, self.size_bytes + after

    @property
    def before_bytes(self) -> int:
        """The most padding before it."""
        return max((before for before, _ in self.padding.values()), default=0)

    @property
    def end(self) -> int:
        """Its end with the most padding after it, relative to its offset."""
        return self.size_bytes + max((after for _, after in self.padding.values()), default=0)


def pieces_of(schedule: Schedule, window_bytes: int) -> dict[Key, Piece]:
    """Return everything that is placed."""
    first, last = {schedule.input: -1}, {schedule.output: len(schedule.steps)}
    padding: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for number, step in enumerate(schedule.steps):
        first[step.writes] = number
        last[step.writes] = max(last.get(step.writes, 0), number)
        for read in step.reads:
            last[read.buffer] = max(last.get(read.buffer, 0), number)
            if read.before_bytes or read.after_bytes:
                padding[read.buffer][number] = (read.before_bytes, read.after_bytes)
    pieces = {
        ("buffer", buffer): Piece(size, first[buffer], last[buffer], ALIGNMENT, padding[buffer])
        for buffer, size in schedule.buffers.items()
    }
    for number, step in enumerate(schedule.steps):
        if step.scratch_bytes:
            pieces["scratch", number] = Piece(step.scratch_bytes, number, number, SCRATCH_ALIGNMENT, {})
    if window_bytes:
        pieces["buffer", WINDOW] = Piece(window_bytes, -1, -1, SCRATCH_ALIGNMENT, {})
    return pieces


Gap: TypeAlias = tuple[int, int]
"""Differences of two offsets that are forbidden, both ends excluded."""


def forbidden(schedule: Schedule, pieces: dict[Key, Piece]) -> dict[Key, list[tuple[Key, Gap]]]:
    """Return for each piece the others that limit it: where it may not begin, relative to where they begin."""
    found: dict[Key, list[tuple[Key, Gap]]] = {key: [] for key in pieces}
    for one, u in pieces.items():
        for other, v in pieces.items():
            if one < other:
                for gap in _gaps(schedule, (one, u), (other, v)):
                    found[other].append((one, gap))
                    found[one].append((other, (-gap[1], -gap[0])))
    return found


def _gaps(schedule: Schedule, one: tuple[Key, Piece], other: tuple[Key, Piece]) -> set[Gap]:
    """Differences of the offset of the other less that of the one that are forbidden."""
    (one_key, u), (other_key, v) = one, other
    gaps: set[Gap] = set()
    for step in range(max(u.first, v.first), min(u.last, v.last) + 1):
        if v.first == step and u.last == step and (read := _read(schedule, step, one_key, other_key)):
            gaps |= _around_input(u.region(step), v.region(step), read)
        elif u.first == step and v.last == step and (read := _read(schedule, step, other_key, one_key)):
            gaps |= {(-high, -low) for low, high in _around_input(v.region(step), u.region(step), read)}
        else:
            gaps.add(_apart(u.region(step), v.region(step)))
    return gaps


def _read(schedule: Schedule, step: int, source: Key, result: Key) -> Read | None:
    """How a step reads the buffer `source` when it writes `result`; None where it does not, or reads it twice."""
    if step == -1:
        over_window = source == ("buffer", WINDOW) and result == ("buffer", schedule.input)
        return Read(WINDOW, overlap=Overlap.BEFORE) if over_window else None
    if step >= len(schedule.steps) or result != ("buffer", schedule.steps[step].writes):
        return None
    found = [read for read in schedule.steps[step].reads if ("buffer", read.buffer) == source]
    return found[0] if len(found) == 1 else None


def _apart(u: tuple[int, int], v: tuple[int, int]) -> Gap:
    return u[0] - v[1], u[1] - v[0]


def _around_input(u: tuple[int, int], v: tuple[int, int], read: Read) -> set[Gap]:
    """Where the output `v` may not begin, relative to the input `u`."""
    low, high = _apart(u, v)
    match read.overlap:
        case Overlap.NONE:
            return {(low, high)}
        case Overlap.SAME_PLACE:
            return {(low, 0), (0, high)}
        case Overlap.AHEAD:
            return {(max(low, u[0] - read.lead_bytes), high)}
        case Overlap.BEHIND:
            return {(low, 0)}
        case Overlap.BEFORE:
            return {(0, high)}
        case _:
            assert_never(read.overlap)


class _Placing:
    """Places pieces in a given order, each as low as it can lie."""

    def __init__(self, schedule: Schedule, window_bytes: int) -> None:
        self.pieces = pieces_of(schedule, window_bytes)
        self._forbidden = forbidden(schedule, self.pieces)

    def place(self, order: Sequence[Key]) -> tuple[int, dict[Key, int]]:
        offsets: dict[Key, int] = {}
        for key in order:
            taken = sorted(
                (offsets[other] + low, offsets[other] + high)
                for other, (low, high) in self._forbidden[key]
                if other in offsets
            )
            offsets[key] = _lowest_free(self.pieces[key], taken)
        return max(offsets[key] + piece.end for key, piece in self.pieces.items()), offsets


def _lowest_free(piece: Piece, taken: list[Gap]) -> int:
    at = _aligned(piece.before_bytes, piece.alignment)
    for low, high in taken:  # sorted by their beginnings
        if low < at < high:
            at = _aligned(high, piece.alignment)
    return at


def _aligned(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment


def _highest(pieces: dict[Key, Piece], arena: int, offsets: dict[Key, int]) -> Key:
    """Return a piece that reaches the end of the arena."""
    return next(key for key, piece in pieces.items() if offsets[key] + piece.end == arena)


def _moved(order: Sequence[Key], highest: Key, draws: random.Random) -> list[Key]:
    """Return another order: as often as not the piece that lies highest comes earlier, else any goes anywhere."""
    moved = list(order)
    if draws.random() < 0.5:  # noqa: PLR2004 - as often as not
        begin = moved.index(highest)
        moved.insert(draws.randrange(begin + 1), moved.pop(begin))
    else:
        moved.insert(draws.randrange(len(moved)), moved.pop(draws.randrange(len(moved))))
    return moved


def _planned(schedule: Schedule, window_bytes: int, tries: int) -> Plan:
    placing = _Placing(schedule, window_bytes)
    pieces = placing.pieces
    obvious = [
        sorted(pieces, key=lambda key: -pieces[key].size_bytes),
        sorted(pieces, key=lambda key: (pieces[key].first - pieces[key].last, -pieces[key].size_bytes)),
        sorted(pieces, key=lambda key: -pieces[key].first),
        sorted(pieces, key=lambda key: pieces[key].last),
    ]
    best, order = min(((placing.place(order), order) for order in obvious), key=lambda tried: tried[0][0])
    draws = random.Random(0)  # noqa: S311 - a search, not a secret
    for _ in range(tries):
        tried = _moved(order, _highest(pieces, *best), draws)
        if (found := placing.place(tried))[0] <= best[0]:
            best, order = found, tried
    arena, offsets = best
    return Plan(
        schedule,
        {number: offset for (kind, number), offset in offsets.items() if kind == "buffer"},
        tuple(offsets.get(("scratch", number)) for number in range(len(schedule.steps))),
        _aligned(arena, SCRATCH_ALIGNMENT),
    )
