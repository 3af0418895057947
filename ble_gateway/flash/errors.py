"""Why a patch was not flashed.

::

    EdgeError
    └── FlashError          a patch that was not flashed; it runs what it ran
        ├── FlashRefused    (ble_gateway.flash.words) it was not begun: the plan says no
        └── DeviceRefused   the device answers, and the answer is no
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from smp.error import MGMT_ERR

from edge.errors import FaultError

_MAY_PASS: Final = frozenset({MGMT_ERR.ENOMEM, MGMT_ERR.ETIMEOUT, MGMT_ERR.EBUSY})


class FlashFault(StrEnum):
    """Reason of a `FlashError`."""

    BAD_REQUEST = "bad_request"
    """What was asked for cannot be done, whatever the device says."""
    NO_PORT = "no_port"
    PORT_BUSY = "port_busy"
    PORT_DENIED = "port_denied"
    """This user may not open the port."""
    NO_SMP = "no_smp"
    """Something is there, and does not speak SMP."""
    GARBLED = "garbled"
    """What comes is no answer to what was asked."""
    LINK_LOST = "link_lost"
    PLAN_SAYS_NO = "plan_says_no"
    DEVICE_REFUSED = "device_refused"
    DEVICE_FULL = "device_full"
    NOT_VERIFIED = "not_verified"
    """What the device holds is not what was sent."""
    SELF_TEST_FAILED = "self_test_failed"
    NOT_CONFIRMED = "not_confirmed"
    BAD_IMAGE = "bad_image"
    """A firmware image that cannot be read."""
    NOT_STARTED = "not_started"
    """After the reset the device runs another image than the one it was given."""


class FlashError(FaultError[FlashFault]):
    """A patch was not flashed; `fault` says why. It runs what it ran."""


class DeviceRefused(FlashError):
    """The device answers, and the answer is no.

    Parameters
    ----------
    asked
        What it was asked for, as in "it does not ...".
    group
        Number of the SMP group whose error it is; None for SMP's own.
    code
        Its number.
    name
        The error's name, as far as it is known.
    facts
        What the answer says beside it.
    """

    def __init__(
        self, asked: str, group: int | None, code: int, name: str, facts: Mapping[str, object] | None = None
    ) -> None:
        what = name.lower().replace("_", " ") if name else "an error nobody listed"
        number = f"{code}" if group is None else f"{code} of group {group}"
        super().__init__(
            FlashFault.DEVICE_REFUSED,
            f"the device does not {asked}: {what} (error {number})",
            advice="see its log, and check that its firmware is built for this",
        )
        self.group = group
        self.code = code
        self.may_pass = group is None and code in _MAY_PASS
        """Whether it may obey when asked again: it had no memory, or other work."""
        self.facts = dict(facts or {})
