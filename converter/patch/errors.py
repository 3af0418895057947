"""Why a model cannot become C for a patch."""

from enum import StrEnum

from edge.errors import FaultError


class ExportFault(StrEnum):
    """Reason of an `ExportError`."""

    NOT_A_MODEL = "not_a_model"
    NOT_INT8 = "not_int8"
    UNSUPPORTED_OPERATOR = "unsupported_operator"
    UNSUPPORTED_SHAPE = "unsupported_shape"
    UNSUPPORTED_SCALE = "unsupported_scale"
    UNSUPPORTED_PREPROCESSING = "unsupported_preprocessing"
    NOT_EMPTY = "not_empty"
    UNWRITABLE = "unwritable"


class ExportError(FaultError[ExportFault]):
    """A model cannot become C; `fault` says why, the message which operator or tensor, and what to change."""
