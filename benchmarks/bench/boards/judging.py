"""Whether a limit is kept, where the figure is only known to lie within a span."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from edge.boards.span import Span


class Basis(StrEnum):
    """Where a figure is from."""

    PREDICTED = "predicted"
    """Worked out from published and counted figures; nothing ran on the board."""
    MEASURED = "measured"
    """Somebody's result of that board."""


class Standing(StrEnum):
    """How a figure stands to its limit."""

    MET = "met"
    """All of its span is within."""
    LIKELY_MET = "likely met"
    """Typically within; its worst is not."""
    LIKELY_MISSED = "likely missed"
    """Typically beyond; its best is not."""
    MISSED = "missed"
    """All of its span is beyond."""

    @property
    def kept(self) -> bool:
        """Whether it is to be expected that the limit is kept."""
        match self:
            case Standing.MET | Standing.LIKELY_MET:
                return True
            case Standing.LIKELY_MISSED | Standing.MISSED:
                return False
            case _:
                assert_never(self)


class Whose(StrEnum):
    """Who set a limit."""

    BOARD = "board"
    """The board's profile."""
    PACK = "pack"
    """The pack's manifest."""


@dataclass(frozen=True, slots=True)
class Figured:
    """A figure of a pack on a board.

    Parameters
    ----------
    span
        Lowest, typical and highest it may be; of a measured one its 5th, 50th and 99th percentile.
    basis
        Whether it was measured there.
    source
        How it was come by, for people.
    """

    span: Span
    basis: Basis
    source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one limit.

    Parameters
    ----------
    limit
        What is limited, in words, with its unit.
    allowed
        The limit.
    figured
        What it is held to.
    whose
        Who set it.
    why
        Reason of the limit; empty where none is stated.
    at_least
        Whether the limit is the least that must be, as it is of wearables.
    """

    limit: str
    allowed: float
    figured: Figured
    whose: Whose
    why: str = ""
    at_least: bool = False

    @property
    def standing(self) -> Standing:
        """How the figure stands to the limit."""
        span = self.figured.span
        best, worst = (span.high, span.low) if self.at_least else (span.low, span.high)
        if self._within(worst):
            return Standing.MET
        if self._within(span.typical):
            return Standing.LIKELY_MET
        return Standing.LIKELY_MISSED if self._within(best) else Standing.MISSED

    @property
    def words(self) -> str:
        """The standing, and whether anybody measured it: ``likely met, by prediction``."""
        return f"{self.standing}, by {'measurement' if self.figured.basis is Basis.MEASURED else 'prediction'}"

    def _within(self, figure: float) -> bool:
        return figure >= self.allowed if self.at_least else figure <= self.allowed
