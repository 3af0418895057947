"""Why a board's profile cannot be used."""

from enum import StrEnum

from edge.errors import FaultError


class BoardFault(StrEnum):
    """Reason of a `BoardError`."""

    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    NONSENSE = "nonsense"


class BoardError(FaultError[BoardFault]):
    """A board is not known, or its profile breaks a rule; `fault` says why."""
