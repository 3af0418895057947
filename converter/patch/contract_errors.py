"""Why a preprocessing contract cannot run on a patch."""

from enum import StrEnum

from edge.errors import FaultError


class ContractFault(StrEnum):
    """Reason of a `ContractError`."""

    STEP_ORDER = "step_order"
    FILTER_TOO_SHARP = "filter_too_sharp"
    WINDOW_TOO_LONG = "window_too_long"
    WINDOW_TOO_SHORT = "window_too_short"
    MEDIAN_TOO_LONG = "median_too_long"
    RATES_TOO_ODD = "rates_too_odd"
    BAD_SCALE = "bad_scale"


class ContractError(FaultError[ContractFault]):
    """A contract cannot run in fixed point on a patch; `fault` says why."""
