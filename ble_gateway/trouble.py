"""What the radio's errors mean to the user, what to do, and when to try again. Pure."""

from dataclasses import dataclass
from typing import Final

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak_retry_connector import BleakAbortedError, BleakNotFoundError, BleakOutOfConnectionSlotsError

from ble_gateway.errors import GatewayError, GatewayFault


@dataclass(frozen=True, slots=True)
class Trouble:
    """A class of errors.

    Parameters
    ----------
    what
        What is wrong with the wearable, for people.
    advice
        What to do.
    retry_first_s, retry_longest_s
        Wait so long before trying again, twice as long each time, but never longer than this.
    """

    what: str
    advice: str
    retry_first_s: float = 0.5
    retry_longest_s: float = 30.0


LINK_BROKE: Final = Trouble(
    "does not hold the connection", "bring it nearer, and disconnect it from other devices", retry_longest_s=10.0
)
OUT_OF_REACH: Final = Trouble(
    "has gone out of reach", "bring it nearer, and disconnect it from other devices", retry_longest_s=5.0
)
SILENT: Final = Trouble("is connected and silent", "check that it is worn, and a strap's electrodes are wet")
NO_ANSWER: Final = Trouble("does not answer in time", "bring it nearer; switch it off and on if that does not help")
SERVICES_CHANGED: Final = Trouble(
    "shows other services than it should",
    "what the system remembered of it was cleared; if that does not help, update its firmware",
    retry_first_s=1.0,
)
NOT_PAIRED: Final = Trouble(
    "wants to be paired first", "pair it: bluetoothctl pair ADDRESS", retry_first_s=2.0, retry_longest_s=60.0
)
NO_SLOTS: Final = Trouble(
    "finds no free connection on the adapter",
    "disconnect other devices from this adapter, or add a second one",
    retry_first_s=4.0,
)
CONNECTION_ABORTED: Final = Trouble(
    "breaks the connection off while it is made",
    "move the adapter away from Wi-Fi and USB 3 (on a Raspberry Pi: use a USB adapter, or switch Wi-Fi off)",
    retry_first_s=1.0,
)
REFUSES: Final = Trouble("refuses", "see what it says", retry_first_s=5.0, retry_longest_s=60.0)
ADAPTER_GONE: Final = Trouble(
    "cannot be reached without the Bluetooth adapter",
    "plug it in and switch it on",
    retry_first_s=1.0,
    retry_longest_s=5.0,
)

PASSING: Final = frozenset({LINK_BROKE, NO_ANSWER, CONNECTION_ABORTED, SERVICES_CHANGED, NO_SLOTS})
"""What may be over at the next attempt."""

_AUTHENTICATION: Final = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
}
_ADAPTER_ERRORS: Final = {
    "org.bluez.Error.NotReady",
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NoReply",
    "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
}
_DENIED: Final = {
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.bluez.Error.NotAuthorized",
    "org.bluez.Error.NotPermitted",
}
_DENIED_REASONS: Final = {
    BleakBluetoothNotAvailableReason.DENIED_BY_USER,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN,
}


def needs_pairing(error: BaseException) -> bool:
    """Whether the wearable asks for an encrypted link; BlueZ has words of its own for that."""
    if isinstance(error, BleakDBusError):
        return error.dbus_error == "org.bluez.Error.NotPermitted" and error.dbus_error_details == "Not paired"
    return isinstance(error, BleakGATTProtocolError) and error.code in _AUTHENTICATION


_BY_KIND: Final[tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Trouble], ...]] = (
    (BleakCharacteristicNotFoundError, SERVICES_CHANGED),
    (BleakOutOfConnectionSlotsError, NO_SLOTS),
    (BleakAbortedError, CONNECTION_ABORTED),
    ((BleakNotFoundError, BleakDeviceNotFoundError), OUT_OF_REACH),
    (BleakBluetoothNotAvailableError, ADAPTER_GONE),
    (TimeoutError, NO_ANSWER),
)
"""The first that fits."""


def diagnose(error: BaseException) -> Trouble:
    """Say which class of errors this one is of."""
    match error:
        case LinkLost(trouble=trouble):
            return trouble
        case GatewayError(fault=GatewayFault.NO_ADAPTER):
            return ADAPTER_GONE
        case GatewayError(fault=GatewayFault.REFUSED):
            return REFUSES
        case BleakDBusError() if error.dbus_error in _ADAPTER_ERRORS:
            return ADAPTER_GONE
        case BleakDBusError() if error.dbus_error.startswith("org.bluez.Error.Authentication"):
            return NOT_PAIRED
        case _ if needs_pairing(error):
            return NOT_PAIRED
    return next((trouble for kinds, trouble in _BY_KIND if isinstance(error, kinds)), LINK_BROKE)


class LinkLost(GatewayError):
    """A wearable cannot be heard.

    Parameters
    ----------
    peer
        Its name.
    trouble
        Why not, and what to do.
    error
        What the library said.
    """

    def __init__(self, peer: str, trouble: Trouble, error: BaseException | None = None) -> None:
        why = f" ({in_words(error)})" if error is not None else ""
        super().__init__(GatewayFault.LINK_LOST, f"{peer} {trouble.what}{why}", advice=trouble.advice)
        self.trouble = trouble


def adapter_trouble(error: BaseException) -> GatewayError:
    """Say what is wrong with the machine's Bluetooth, and what to do."""
    what, advice = _adapter_words(error)
    return GatewayError(GatewayFault.NO_ADAPTER, f"{what} ({in_words(error)})", advice=advice)


def _adapter_words(error: BaseException) -> tuple[str, str]:
    reason = error.reason if isinstance(error, BleakBluetoothNotAvailableError) else None
    dbus_error = error.dbus_error if isinstance(error, BleakDBusError) else ""
    if reason is BleakBluetoothNotAvailableReason.POWERED_OFF or dbus_error == "org.bluez.Error.NotReady":
        return (
            "Bluetooth is switched off or blocked",
            "unblock it (rfkill unblock bluetooth) and switch it on (bluetoothctl power on)",
        )
    if reason in _DENIED_REASONS or dbus_error in _DENIED or isinstance(error, PermissionError):
        return (
            "this user may not use Bluetooth",
            "join the group bluetooth (sudo usermod -aG bluetooth $USER) and log in again",
        )
    if isinstance(error, OSError) or reason is not None or dbus_error in _ADAPTER_ERRORS:
        return (
            "no Bluetooth adapter can be used",
            "plug one in, start it (systemctl start bluetooth), or try `anyecg demo`, which needs none",
        )
    return "the Bluetooth adapter does not scan", "switch it off and on (bluetoothctl power off, then power on)"


def in_words(error: BaseException) -> str:
    """Say what a library's error means to the user."""
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    if isinstance(error, OSError):
        return f"the system's Bluetooth service does not answer: {error.strerror or error}"
    if isinstance(error, BleakBluetoothNotAvailableError | BleakGATTProtocolError):  # as text they are tuples
        return next(fact for fact in error.args if type(fact) is str)
    return str(error) or type(error).__name__
