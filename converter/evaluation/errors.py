"""Why something cannot be evaluated."""

from enum import StrEnum

from edge.errors import FaultError


class EvaluationFault(StrEnum):
    """Reason of an `EvaluationError`."""

    NO_RECORDS = "no_records"
    NO_SUCH_RECORD = "no_such_record"
    SAME_NAME = "same_name"
    NO_REFERENCE = "no_reference"
    BAD_REFERENCE = "bad_reference"
    BAD_NOISE = "bad_noise"


class EvaluationError(FaultError[EvaluationFault]):
    """A data set cannot be evaluated on; `fault` says why."""
