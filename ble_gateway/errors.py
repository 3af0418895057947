"""What can go wrong between a wearable and the gateway: one error, its `fault` says which.

::

    EdgeError
    └── GatewayError    an adapter or wearable that cannot be used
        ├── FrameError  bytes that are not what the wearable's protocol allows
        └── LinkLost    (ble_gateway.trouble) a wearable that cannot be heard, and why
"""

from enum import StrEnum

from edge.errors import FaultError


class GatewayFault(StrEnum):
    """Why a wearable cannot be used."""

    NO_ADAPTER = "no_adapter"
    """This machine has no Bluetooth adapter that can be used."""
    NOT_FOUND = "not_found"
    """No such wearable advertises within reach."""
    AMBIGUOUS = "ambiguous"
    """Several wearables in reach fit what was asked for."""
    UNKNOWN_WEARABLE = "unknown_wearable"
    """What it advertises is of no wearable that the gateway knows."""
    REFUSED = "refused"
    """The wearable answers, and the answer is no."""
    LINK_LOST = "link_lost"
    """The link broke, or no answer came."""
    BAD_FRAME = "bad_frame"
    """Bytes that the protocol does not allow."""
    BAD_REQUEST = "bad_request"
    """What was asked for cannot be done, whatever the wearable says."""
    BAD_RECORD = "bad_record"
    """A file of raw values that cannot be played."""
    NEEDS_EXTRA = "needs_extra"
    """A part of the distribution that this needs is not installed."""


class GatewayError(FaultError[GatewayFault]):
    """A wearable or an adapter cannot be used; `fault` says why."""


class FrameError(GatewayError):
    """Bytes from a wearable are not what its protocol allows.

    Parameters
    ----------
    problem
        What is wrong with them.
    frame
        The bytes, as they came.
    """

    def __init__(self, problem: str, frame: bytes) -> None:
        super().__init__(
            GatewayFault.BAD_FRAME,
            f"{problem} ({len(frame)} bytes, beginning {frame[:16].hex(' ') or 'nowhere'})",
            advice="update the wearable's firmware, or check that it is the model it says it is",
        )
        self.frame = frame
