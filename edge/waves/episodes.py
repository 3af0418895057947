"""Stretches of time in which something held: what they are, and how pieces of time are joined to them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TOUCHES_S: Final = 0.1
"""Two pieces of time closer than this adjoin: a stream's clock is estimated anew with each block."""


class EpisodeKind(StrEnum):
    """What an episode is."""

    AF = "af"
    """Atrial fibrillation of 30 s or more: less is no diagnosis (ESC 2020, Hindricks, Eur Heart J 42:373)."""
    OTHER = "other"
    """A rhythm that is neither sinus nor AF."""
    UNCLASSIFIED = "unclassified"
    """Readable, but no rhythm is likely enough to be named."""
    UNREADABLE = "unreadable"
    """Not even beats can be found."""
    GAP = "gap"
    """No signal."""
    PAUSE = "pause"
    """From one beat to the next one, too long after it."""
    BRADYCARDIA = "bradycardia"
    """A slow rate, whatever the rhythm."""
    TACHYCARDIA = "tachycardia"
    """A fast rate, whatever the rhythm."""
    SUPRAVENTRICULAR_RUN = "supraventricular_run"
    """Three or more beats of class S in a row, from the first to the last."""
    VENTRICULAR_RUN = "ventricular_run"
    """Three or more beats of class V in a row, from the first to the last."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch.

    Parameters
    ----------
    kind
        What it is.
    start_s, end_s
        Where it begins and ends, s since the epoch of the stream's spans.
    """

    kind: EpisodeKind
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it lasts, interruptions that are passed over included, s."""
        return self.end_s - self.start_s


class Stretches:
    """Joins pieces of time, given in order, to episodes of one kind.

    Parameters
    ----------
    kind
        Of the episodes.
    bridged_s
        Interruptions up to this long end none.
    shortest_s
        With fewer seconds of the kind than this, interruptions left out, it is none.
    """

    def __init__(self, kind: EpisodeKind, *, bridged_s: float = 0.0, shortest_s: float = 0.0) -> None:
        self._kind = kind
        self._bridged_s = max(bridged_s, TOUCHES_S)
        self._shortest_s = shortest_s
        self._open: tuple[float, float] | None = None
        self._held_s = 0.0

    def hold(self, start_s: float, end_s: float) -> tuple[Episode, ...]:
        """Take a piece in which it holds; give the episode that lies too far back to go on with it, if any."""
        ended = self.until(start_s)
        self._open = (self._open[0] if self._open else start_s, end_s)
        self._held_s += end_s - start_s
        return ended

    def until(self, now_s: float) -> tuple[Episode, ...]:
        """Say that it is later, and it did not hold since the last piece; give what ends by that."""
        if self._open is None or now_s - self._open[1] <= self._bridged_s:
            return ()
        return self.finish()

    def finish(self) -> tuple[Episode, ...]:
        """End what is open."""
        episode, held_s = self._open, self._held_s
        self._open, self._held_s = None, 0.0
        # A sum of many seconds may lack the last digit.
        if episode is None or held_s < self._shortest_s - TOUCHES_S:
            return ()
        return (Episode(self._kind, *episode),)
