"""A seeded choice of windows, spread over recordings, that never holds more of them than are asked for twice."""

import heapq
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from converter.windows.sources import Judged, ReadableWindow
from edge.outcome import Rejection


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Some windows of one recording.

    Parameters
    ----------
    name
        Of the recording.
    windows
        In the order drawn.
    n_readable
        Readable windows it has.
    rejected
        Windows that cannot be read, by reason.
    fingerprint
        Checksum of its first readable window: copies of a recording share it. None without one.
    """

    name: str
    windows: tuple[ReadableWindow, ...]
    n_readable: int
    rejected: Counter[Rejection]
    fingerprint: int | None


def draw(
    name: str, judged: Iterable[Judged], n: int, *, seed: int, within: Callable[[float], bool] = lambda _: True
) -> Drawn:
    """Draw `n` windows of a recording, or all where it has fewer: each is as likely, in any order.

    Parameters
    ----------
    name
        Of the recording; with the seed it decides the draw.
    judged
        Its windows.
    n
        Most windows to draw.
    seed
        Not negative.
    within
        Says of where a window begins (0 to 1) whether it counts.
    """
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    kept: list[tuple[float, int, ReadableWindow]] = []
    rejected: Counter[Rejection] = Counter()
    n_readable, fingerprint = 0, None
    for begins, window in judged:
        if not within(begins):
            continue
        if isinstance(window, Rejection):
            rejected[window] += 1
            continue
        if fingerprint is None:
            fingerprint = zlib.crc32(window.millivolts.tobytes())
        n_readable += 1
        # The smallest keys are kept: a heap with the largest of them in front.
        entry = (-float(random.random()), n_readable, window)
        if len(kept) < n:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    drawn = tuple(window for _, _, window in sorted(kept, key=lambda entry: -entry[0]))
    return Drawn(name, drawn, n_readable, rejected, fingerprint)


@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen window."""

    rank: int
    order: int
    name: str
    window: ReadableWindow


@dataclass(slots=True)
class Spread:
    """Chooses `n` windows: the first drawn of every recording before the second of any.

    Parameters
    ----------
    n
        Windows to choose.
    """

    n: int
    chosen: list[Choice] = field(default_factory=list)
    n_recordings: int = 0
    n_readable: int = 0
    rejected: Counter[Rejection] = field(default_factory=Counter)

    def add(self, drawn: Drawn) -> None:
        """Take what was drawn of the next recording."""
        new = [Choice(rank, self.n_recordings, drawn.name, window) for rank, window in enumerate(drawn.windows)]
        self.chosen = heapq.nsmallest(self.n, [*self.chosen, *new], key=lambda c: (c.rank, c.order))
        self.n_recordings += bool(drawn.windows)
        self.n_readable += drawn.n_readable
        self.rejected.update(drawn.rejected)

    @property
    def filled(self) -> float:
        """Part of the windows asked for that are there."""
        return len(self.chosen) / self.n

    @property
    def is_settled(self) -> bool:
        """Whether no further recording can change the choice: each window is of another recording."""
        return len(self.chosen) == self.n and self.chosen[-1].rank == 0

    @property
    def shares(self) -> Counter[str]:
        """Chosen windows by recording."""
        return Counter(choice.name for choice in self.chosen)
