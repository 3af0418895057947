"""Why no student can be taught."""

from enum import StrEnum

from edge.errors import FaultError


class DistilFault(StrEnum):
    """Reason of a `DistilError`."""

    NEEDS_EXTRA = "needs_extra"
    DOES_NOT_FIT = "does_not_fit"
    NOTHING_RECORDED = "nothing_recorded"
    UNTEACHABLE = "unteachable"


class DistilError(FaultError[DistilFault]):
    """No student can be taught; `fault` says why."""
