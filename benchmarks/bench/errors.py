"""Why a benchmark gives no answer."""

from enum import StrEnum

from edge.errors import FaultError


class BenchFault(StrEnum):
    """Reason of a `BenchError`."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_A_RESULT = "not_a_result"
    OTHER_SCHEMA = "other_schema"
    BREAKS_RULE = "breaks_rule"
    NOTHING_ALIKE = "nothing_alike"
    UNWRITABLE = "unwritable"
    BAD_SETTING = "bad_setting"
    NO_BOARD = "no_board"
    CHILD_FAILED = "child_failed"


class BenchError(FaultError[BenchFault]):
    """A benchmark cannot be run, read or compared; `fault` says why."""
