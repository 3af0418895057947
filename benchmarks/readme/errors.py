"""Why the README's tables cannot be made."""

from enum import StrEnum

from edge.errors import FaultError


class ReadmeFault(StrEnum):
    """What is wrong."""

    NO_MARKERS = "no_markers"
    """The file lacks the lines between which the tables go, or has them twice or the wrong way round."""
    UNREADABLE = "unreadable"
    """A file cannot be read or written, or is no kept measurement."""
    NOT_MEASURED = "not_measured"
    """`anyecg bench` has failed."""


class ReadmeError(FaultError[ReadmeFault]):
    """The tables that cannot be made, or have no place."""
