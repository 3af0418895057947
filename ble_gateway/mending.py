"""Puts the pieces of a stream in order, and waits for those that the wearable is asked to send again. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.signal import Gap, GapReason, Scale

_ASK_EVERY_S: Final = 3.0
"""Nothing came back for so long: it is asked for again."""
_MOST_ASKED: Final = 4
_MOST_HELD_S: Final = 300.0
"""No hole holds up what came after it for longer than this much of the stream."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Samples in a row, in their place and time; fields as in `SampleBlock`."""

    first_index: int
    counts: NDArray[np.int32]
    scale: Scale
    start_s: float
    period_s: float
    uncertainty_s: float
    contact: bool | None

    @property
    def end_index(self) -> int:
        """Index of the sample after the last one."""
        return self.first_index + self.counts.size

    @property
    def end_s(self) -> float:
        """Time of the sample after the last one, s since the Unix epoch."""
        return self.start_s + self.counts.size * self.period_s

    def cut(self, first_index: int, end_index: int) -> "Piece":
        """Keep the samples from one index up to another."""
        skip = first_index - self.first_index
        return replace(
            self,
            first_index=first_index,
            counts=self.counts[skip : end_index - self.first_index],
            start_s=self.start_s + skip * self.period_s,
        )


@dataclass(slots=True, eq=False)
class Hole:
    """Samples that are missing, and may come yet.

    Parameters
    ----------
    first_index, n_samples, reason
        As in `Gap`.
    device_first
        The wearable's own count of the first one.
    modulus
        Where that count begins again at 0.
    """

    first_index: int
    n_samples: int
    reason: GapReason
    device_first: int
    modulus: int
    asked: int = 0
    waits_since_s: float | None = None

    @property
    def end_index(self) -> int:
        """Index of the sample after the last missing one."""
        return self.first_index + self.n_samples

    def part(self, first_index: int, end_index: int) -> "Hole":
        """The part from one index up to another."""
        device_first = (self.device_first + first_index - self.first_index) % self.modulus
        return replace(self, first_index=first_index, n_samples=end_index - first_index, device_first=device_first)

    def given_up(self) -> Gap:
        """Say that they are lost."""
        return Gap(self.first_index, self.n_samples, self.reason)


Ordered: TypeAlias = Piece | Gap


class Mender:
    """Holds what came after a hole until the hole is mended or given up; all in the order of the samples.

    Time is that of arrivals, so that the same arrivals are mended alike when they are played back.

    Parameters
    ----------
    rate_hz
        Nominal sample rate.
    """

    def __init__(self, rate_hz: float) -> None:
        self._pending: deque[Piece | Hole | Gap] = deque()
        self._most_held = round(_MOST_HELD_S * rate_hz)
        self.mended = 0
        """Samples that came back."""

    @property
    def holes(self) -> bool:
        """Whether anything is waited for."""
        return bool(self._holes())

    def put(self, item: Piece | Hole | Gap) -> None:
        """Add what comes next in the stream."""
        self._pending.append(item)

    def mend(self, piece: Piece, now_s: float) -> bool:
        """Put a piece that came back where it belongs; False where nothing of it was missing."""
        used = False
        for hole in self._holes():
            first, end = max(hole.first_index, piece.first_index), min(hole.end_index, piece.end_index)
            if first < end:
                hole.asked, hole.waits_since_s = 1, now_s
                self._fill(hole, piece.cut(first, end))
                self.mended += end - first
                used = True
        return used

    def give_up(self, device_first: int, n_samples: int) -> None:
        """Make a gap of what the wearable says that it no longer has."""
        for hole in self._holes():
            half = hole.modulus // 2
            ahead = (device_first - hole.device_first + half) % hole.modulus - half
            first = max(hole.first_index, hole.first_index + ahead)
            end = min(hole.end_index, hole.first_index + ahead + n_samples)
            if first < end:
                self._fill(hole, Gap(first, end - first, hole.reason))

    def reconnected(self) -> None:
        """Begin anew with asking: what was asked before is forgotten on the other side."""
        for hole in self._holes():
            hole.asked, hole.waits_since_s = 0, None

    def to_ask(self, now_s: float) -> Hole | None:
        """Say what to ask for now, if anything: the first hole, again after a while."""
        hole = next(iter(self._holes()), None)
        if hole is None or (hole.waits_since_s is not None and now_s - hole.waits_since_s < _ASK_EVERY_S):
            return None
        if hole.asked >= _MOST_ASKED:
            self._fill(hole, hole.given_up())
            return self.to_ask(now_s)
        hole.asked, hole.waits_since_s = hole.asked + 1, now_s
        return hole

    def take(self) -> Iterator[Ordered]:
        """Give what is in order up to the first hole."""
        while self._pending:
            first = self._pending[0]
            if isinstance(first, Hole):
                if self._pending[-1].first_index - first.first_index <= self._most_held:
                    return
                first = first.given_up()
            self._pending.popleft()
            yield first

    def finish(self) -> Iterator[Ordered]:
        """Give all that is left; what is still missing is lost."""
        while self._pending:
            item = self._pending.popleft()
            yield item.given_up() if isinstance(item, Hole) else item

    def _holes(self) -> list[Hole]:
        return [item for item in self._pending if isinstance(item, Hole)]

    def _fill(self, hole: Hole, middle: Piece | Gap) -> None:
        """Put something in a hole, and leave what remains of it on either side."""
        at = self._pending.index(hole)
        del self._pending[at]
        if middle.end_index < hole.end_index:
            self._pending.insert(at, hole.part(middle.end_index, hole.end_index))
        self._pending.insert(at, middle)
        if hole.first_index < middle.first_index:
            self._pending.insert(at, hole.part(hole.first_index, middle.first_index))
