"""Why a checkpoint cannot become a pack."""

from enum import StrEnum

from edge.errors import FaultError


class ConversionFault(StrEnum):
    """Reason of a `ConversionError`."""

    UNREADABLE_CHECKPOINT = "unreadable_checkpoint"
    MISSING_WEIGHTS = "missing_weights"
    UNEXPECTED_WEIGHTS = "unexpected_weights"
    WRONG_SHAPE = "wrong_shape"
    NOT_FINITE = "not_finite"
    HEAD_MISMATCH = "head_mismatch"
    BAD_CALIBRATION = "bad_calibration"
    NOT_KEPT = "not_kept"
    NEEDS_EXTRA = "needs_extra"
    NEEDS_CODE = "needs_code"
    BAD_LABELS = "bad_labels"
    NOT_FOR_TARGET = "not_for_target"


class ConversionError(FaultError[ConversionFault]):
    """A checkpoint cannot become a pack; `fault` says why."""
