"""Why energy cannot be measured."""

from enum import StrEnum

from edge.errors import FaultError


class EnergyFault(StrEnum):
    """Reason of an `EnergyError`."""

    UNKNOWN_METER = "unknown_meter"
    """Nothing is called that, or its settings make no sense."""
    NO_METER = "no_meter"
    """This machine has none of that kind."""
    NOT_ALLOWED = "not_allowed"
    """The kernel does not let this user read it."""
    NEEDS_EXTRA = "needs_extra"
    """A library for it is not installed."""
    SILENT = "silent"
    """The meter does not answer, or went away."""
    NONSENSE = "nonsense"
    """What it says cannot be read, or cannot be."""
    OUT_OF_RANGE = "out_of_range"
    """More flows than the meter is set up for."""
    NOT_COVERED = "not_covered"
    """Readings that do not reach over what was measured."""


class EnergyError(FaultError[EnergyFault]):
    """Energy cannot be measured; `fault` says why."""
