import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bleak.exc import BleakBluetoothNotAvailableReason as Reason
from bleak_retry_connector import (
    BleakAbortedError,
    BleakConnectionError,
    BleakNotFoundError,
    BleakOutOfConnectionSlotsError,
)

from ble_gateway import trouble as trouble_module
from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.trouble import (
    ADAPTER_GONE,
    CONNECTION_ABORTED,
    LINK_BROKE,
    NO_ANSWER,
    NO_SLOTS,
    NOT_PAIRED,
    OUT_OF_REACH,
    PASSING,
    REFUSES,
    SERVICES_CHANGED,
    SILENT,
    LinkLost,
    Trouble,
    adapter_trouble,
    diagnose,
    needs_pairing,
)

_ATT = BleakGATTProtocolErrorCode
_DBUS = "org.freedesktop.DBus.Error"
_BLUEZ = "org.bluez.Error"
_TROUBLES = [value for value in vars(trouble_module).values() if isinstance(value, Trouble)]


def _gateway_error(fault):
    return GatewayError(fault, "the problem", advice="the advice")


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (BleakError("Not connected"), LINK_BROKE),
        (BleakConnectionError("no luck"), LINK_BROKE),
        (ConnectionResetError(104, "Connection reset by peer"), LINK_BROKE),
        (EOFError(), LINK_BROKE),
        (FrameError("no answer of this protocol", b"\x00"), LINK_BROKE),
        (BleakDBusError(f"{_BLUEZ}.Failed", ["le-connection-abort-by-local"]), LINK_BROKE),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", ["Write not permitted"]), LINK_BROKE),
        (BleakGATTProtocolError(_ATT.WRITE_NOT_PERMITTED), LINK_BROKE),
        (BleakCharacteristicNotFoundError("2a37"), SERVICES_CHANGED),
        (BleakOutOfConnectionSlotsError("full"), NO_SLOTS),
        (BleakAbortedError("aborted"), CONNECTION_ABORTED),
        (BleakNotFoundError("gone"), OUT_OF_REACH),
        (BleakDeviceNotFoundError("F0:5E:ED:00:00:01"), OUT_OF_REACH),
        (BleakBluetoothNotAvailableError("off", Reason.POWERED_OFF), ADAPTER_GONE),
        (BleakDBusError(f"{_BLUEZ}.NotReady", ["Resource Not Ready"]), ADAPTER_GONE),
        (BleakDBusError(f"{_DBUS}.ServiceUnknown", ["org.bluez was not provided"]), ADAPTER_GONE),
        (BleakDBusError(f"{_DBUS}.NameHasNoOwner", []), ADAPTER_GONE),
        (BleakDBusError(f"{_DBUS}.UnknownObject", []), ADAPTER_GONE),
        (BleakDBusError(f"{_DBUS}.NoReply", []), ADAPTER_GONE),
        (_gateway_error(GatewayFault.NO_ADAPTER), ADAPTER_GONE),
        (_gateway_error(GatewayFault.REFUSED), REFUSES),
        (TimeoutError(), NO_ANSWER),
        (BleakGATTProtocolError(_ATT.INSUFFICIENT_AUTHENTICATION), NOT_PAIRED),
        (BleakGATTProtocolError(_ATT.INSUFFICIENT_AUTHORIZATION), NOT_PAIRED),
        (BleakGATTProtocolError(_ATT.INSUFFICIENT_ENCRYPTION), NOT_PAIRED),
        (BleakGATTProtocolError(_ATT.INSUFFICIENT_ENCRYPTION_KEY_SIZE), NOT_PAIRED),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", ["Not paired"]), NOT_PAIRED),
        (BleakDBusError(f"{_BLUEZ}.AuthenticationFailed", ["Authentication Failed"]), NOT_PAIRED),
        (BleakDBusError(f"{_BLUEZ}.AuthenticationTimeout", []), NOT_PAIRED),
        (LinkLost("it", SILENT), SILENT),
        (LinkLost("it", OUT_OF_REACH), OUT_OF_REACH),
    ],
    ids=repr,
)
def test_each_error_is_of_a_class_and_says_what_to_do(error, trouble):
    assert diagnose(error) is trouble
    told = LinkLost("Polar H10 5EED0001", diagnose(error), error)
    assert told.fault is GatewayFault.LINK_LOST
    assert str(told).startswith(f"Polar H10 5EED0001 {trouble.what} (")
    assert str(told).endswith(f" - {trouble.advice}")


@pytest.mark.parametrize(
    ("error", "wants"),
    [
        (BleakGATTProtocolError(_ATT.INSUFFICIENT_AUTHENTICATION), True),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", ["Not paired"]), True),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", ["Read not permitted"]), False),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", []), False),
        (BleakDBusError(f"{_BLUEZ}.AuthenticationFailed", []), False),  # it was tried, and failed
        (BleakGATTProtocolError(_ATT.READ_NOT_PERMITTED), False),
        (BleakGATTProtocolError(0xFC), False),
        (BleakError("Not connected"), False),
    ],
    ids=repr,
)
def test_only_an_error_that_pairing_heals_asks_for_it(error, wants):
    assert needs_pairing(error) is wants


@pytest.mark.parametrize(
    ("error", "what", "advice"),
    [
        (
            BleakBluetoothNotAvailableError("it is off", Reason.POWERED_OFF),
            "switched off or blocked (it is off)",
            "rfkill",
        ),
        (
            BleakDBusError(f"{_BLUEZ}.NotReady", ["Resource Not Ready"]),
            "switched off or blocked",
            "bluetoothctl power on",
        ),
        *(
            (BleakBluetoothNotAvailableError("no", reason), "this user may not use Bluetooth (no)", "group bluetooth")
            for reason in (Reason.DENIED_BY_USER, Reason.DENIED_BY_SYSTEM, Reason.DENIED_BY_UNKNOWN)
        ),
        (BleakDBusError(f"{_DBUS}.AccessDenied", ["Rejected send message"]), "may not use Bluetooth", "usermod -aG"),
        (BleakDBusError(f"{_BLUEZ}.NotAuthorized", []), "may not use Bluetooth", "usermod -aG"),
        (BleakDBusError(f"{_BLUEZ}.NotPermitted", []), "may not use Bluetooth", "usermod -aG"),
        (PermissionError(13, "Permission denied"), "may not use Bluetooth", "log in again"),
        *(
            (BleakBluetoothNotAvailableError("no", reason), "no Bluetooth adapter can be used (no)", "anyecg demo")
            for reason in (Reason.NO_BLUETOOTH, Reason.NO_BLE_CENTRAL_ROLE, Reason.UNKNOWN)
        ),
        (
            FileNotFoundError(2, "No such file or directory"),
            "no Bluetooth adapter can be used",
            "systemctl start bluetooth",
        ),
        (ConnectionRefusedError(111, "Connection refused"), "no Bluetooth adapter can be used", "plug one in"),
        (BleakDBusError(f"{_DBUS}.ServiceUnknown", ["org.bluez"]), "no Bluetooth adapter can be used", "plug one in"),
        (
            BleakDBusError(f"{_BLUEZ}.InProgress", ["Operation already in progress"]),
            "does not scan",
            "switch it off and on",
        ),
        (BleakError("no idea"), "does not scan (no idea)", "switch it off and on"),
        (EOFError(), "does not scan (EOFError)", "switch it off and on"),
    ],
    ids=repr,
)
def test_what_the_adapter_says_is_told_in_the_users_words_with_what_to_do(error, what, advice):
    told = adapter_trouble(error)
    assert told.fault is GatewayFault.NO_ADAPTER
    assert what in told.problem
    assert advice in told.advice


@pytest.mark.parametrize(
    "error",
    [
        BleakBluetoothNotAvailableError("it is off", Reason.POWERED_OFF),
        BleakGATTProtocolError(_ATT.INSUFFICIENT_AUTHENTICATION),
        BleakGATTProtocolError(0xFC),
        BleakDBusError(f"{_BLUEZ}.NotReady", ["Resource Not Ready"]),
        BleakDeviceNotFoundError("F0:5E:ED:00:00:01"),
        OSError(5, "Input/output error"),
        OSError("no number"),
        TimeoutError(),
        TimeoutError("that took too long"),
        EOFError(),
    ],
    ids=repr,
)
def test_an_error_is_one_line_of_words_and_no_tuple_of_python(error):
    words = str(LinkLost("it", diagnose(error), error))
    assert "\n" not in words
    for code in ("('", ", <", "Errno", "(5,", "(252,"):
        assert code not in words


def test_every_trouble_says_what_and_what_to_do_and_is_tried_again_ever_less_often():
    assert len(_TROUBLES) >= 10
    for trouble in _TROUBLES:
        assert trouble.what
        assert trouble.advice
        assert 0 < trouble.retry_first_s <= trouble.retry_longest_s <= 60
    assert set(_TROUBLES) >= PASSING
    assert {OUT_OF_REACH, ADAPTER_GONE, REFUSES, NOT_PAIRED}.isdisjoint(PASSING)
