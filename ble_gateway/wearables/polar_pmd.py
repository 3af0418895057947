"""Polar's PMD (measurement data) service as the H10 speaks it, bytes to values and back.

Source: Polar BLE SDK, ``technical_documentation/online_measurement.pdf`` v1.0 and ``H10_ECG_Explained.docx``.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError

PMD_SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
PMD_CONTROL_POINT: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
"""Read: `Features`. Write: a command. Indicates: a `Response` or `Stopped`."""
PMD_DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
"""Notifies: `EcgFrame`."""

RATE_HZ: Final = 130.0
"""Nominal; the strap's own clock is within 2 % of it at 20-40 °C."""
RESOLUTION_BITS: Final = 14
MILLIVOLTS_PER_COUNT: Final = 0.001
"""The strap sends microvolts."""
RAILS_MICROVOLTS: Final = (-20_000, 20_000)
"""Input range of the strap."""
EPOCH_UNIX_S: Final = 946_684_800
"""2000-01-01T00:00:00Z, from which the strap counts (unless it was never set, or set to local time)."""

_HEADER: Final = struct.Struct("<BQB")
"""Measurement, time stamp, frame type: 10 bytes."""
_MICROVOLTS_SIZE: Final = 3
MAX_FRAME_SIZE: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""
MAX_SAMPLES: Final = (MAX_FRAME_SIZE - _HEADER.size) // _MICROVOLTS_SIZE

_COMPRESSED: Final = 0x80
_TYPE_MASK: Final = 0x3F
RESPONSE_MARK: Final = 0xF0
"""First byte of an answer on the control point."""
FEATURES_MARK: Final = b"\x0f"
"""First byte of what a read of the control point gives."""
_STOPPED: Final = 0x01


class Measurement(IntEnum):
    """What a Polar device measures; the H10 has ECG and acceleration."""

    ECG = 0
    PPG = 1
    ACCELERATION = 2
    PEAK_TO_PEAK = 3
    GYROSCOPE = 5
    MAGNETOMETER = 6
    SKIN_TEMPERATURE = 7
    SDK_MODE = 9
    LOCATION = 10
    PRESSURE = 11
    TEMPERATURE = 12
    OFFLINE_RECORDING = 13
    OFFLINE_HEART_RATE = 14


class Opcode(IntEnum):
    """First byte of a command."""

    SETTINGS = 1
    START = 2
    STOP = 3


class Status(IntEnum):
    """How the device answers a command."""

    OK = 0
    INVALID_OPCODE = 1
    INVALID_TYPE = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_RATE = 8
    INVALID_RANGE = 9
    INVALID_MTU = 10
    INVALID_CHANNELS = 11
    INVALID_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14


class Feature(IntFlag):
    """What the device can stream: byte 1 of the feature bytes, byte 2 above it."""

    ECG = 0x0001
    PPG = 0x0002
    ACCELERATION = 0x0004
    PEAK_TO_PEAK = 0x0008
    GYROSCOPE = 0x0020
    MAGNETOMETER = 0x0040
    SKIN_TEMPERATURE = 0x0080
    SDK_MODE = 0x0200
    LOCATION = 0x0400
    PRESSURE = 0x0800
    TEMPERATURE = 0x1000
    OFFLINE_RECORDING = 0x2000
    OFFLINE_HEART_RATE = 0x4000


@dataclass(frozen=True, slots=True, eq=False)
class EcgFrame:
    """One notification of ECG.

    Parameters
    ----------
    timestamp_ns
        Time of the *last* sample on the device's clock, ns since 2000-01-01 if the clock was set.
    microvolts
        ``NDArray[int32]``, shape (n_samples,), at least one sample, each within 24 signed bits, µV.
    """

    timestamp_ns: int
    microvolts: NDArray[np.int32]

    def __post_init__(self) -> None:
        if not 0 <= self.timestamp_ns < 1 << 64:
            raise ValueError(f"timestamp_ns is {self.timestamp_ns}: must fit 64 bits")
        if not 1 <= self.microvolts.size <= MAX_SAMPLES:
            raise ValueError(f"{self.microvolts.size} samples: a frame holds 1 to {MAX_SAMPLES}")
        if np.abs(self.microvolts + 0.5).max() > (1 << 23) - 0.5:
            raise ValueError("a sample does not fit 24 signed bits")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a measurement can be, or is to be, set to; empty where the device does not say.

    Parameters
    ----------
    rates_hz
        Sample rates.
    resolutions_bits
        Resolutions.
    ranges
        Ranges, in the measurement's unit.
    channels
        Numbers of channels.
    """

    rates_hz: tuple[int, ...] = ()
    resolutions_bits: tuple[int, ...] = ()
    ranges: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """The device's answer to a command.

    Parameters
    ----------
    opcode, measurement
        Of the command; `opcode` stays a number, since a device answers even to what does not exist.
    status
        The answer.
    more
        Whether another packet with more parameters follows.
    parameters
        For `Opcode.SETTINGS`: settings, to be read by `decode_settings`.
    """

    opcode: int
    measurement: int
    status: Status
    more: bool = False
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The device has ended measurements of its own accord (`measurements` as numbers, known or not)."""

    measurements: tuple[int, ...]


ControlPacket: TypeAlias = Response | Stopped

ECG_SETTINGS: Final = Settings(rates_hz=(int(RATE_HZ),), resolutions_bits=(RESOLUTION_BITS,))
"""The only settings of the H10's ECG."""


def decode_ecg(frame: bytes) -> EcgFrame:
    """Read one data notification of ECG.

    Raises
    ------
    FrameError
        If it is not an uncompressed ECG frame of type 0 with whole samples: the H10 sends no other.
    """
    if not _HEADER.size < len(frame) <= MAX_FRAME_SIZE:
        raise FrameError(f"a data frame has {_HEADER.size + 1} to {MAX_FRAME_SIZE} bytes", frame)
    kind, timestamp_ns, frame_type = _HEADER.unpack_from(frame)
    if kind & _TYPE_MASK != Measurement.ECG:
        raise FrameError(f"a frame of measurement {kind & _TYPE_MASK} where ECG was expected", frame)
    if frame_type & _COMPRESSED:
        raise FrameError("a compressed ECG frame: the H10 never sends one", frame)
    if frame_type != 0:
        raise FrameError(f"an ECG frame of type {frame_type}: of another Polar device, not of the H10", frame)
    content = np.frombuffer(frame, np.uint8, offset=_HEADER.size)
    if content.size % _MICROVOLTS_SIZE:
        raise FrameError("the last sample is cut short", frame)
    # Into the upper three bytes of an int32, so that the shift back carries the sign.
    widened = np.zeros((content.size // _MICROVOLTS_SIZE, 4), np.uint8)
    widened[:, 1:] = content.reshape(-1, _MICROVOLTS_SIZE)
    microvolts = (widened.view("<i4").reshape(-1) >> 8).astype(np.int32)
    return EcgFrame(timestamp_ns, microvolts)


def encode_ecg(frame: EcgFrame) -> bytes:
    """Write one data notification of ECG, as the H10 does."""
    samples = frame.microvolts.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :_MICROVOLTS_SIZE]
    return _HEADER.pack(Measurement.ECG, frame.timestamp_ns, 0) + samples.tobytes()


_SETTING_FIELDS: Final = {
    0: ("rates_hz", 2),
    1: ("resolutions_bits", 2),
    2: ("ranges", 2),
    4: ("channels", 1),
}
_SKIPPED_SETTINGS: Final = {3: 4, 5: 4, 6: 16}
"""Settings of other Polar devices (range in milliunits, factor, security): identifier and size."""


def decode_settings(parameters: bytes) -> Settings:
    """Read the settings a device offers: records of identifier, count and little-endian values.

    Raises
    ------
    FrameError
        If an identifier is unknown or appears twice, or a record claims more bytes than there are.
    """
    found: dict[str, tuple[int, ...]] = {}
    seen: set[int] = set()
    at = 0
    while at < len(parameters):
        if at + 2 > len(parameters):
            raise FrameError("a setting is cut short", parameters)
        identifier, count = parameters[at], parameters[at + 1]
        name, size = _SETTING_FIELDS.get(identifier, ("", _SKIPPED_SETTINGS.get(identifier, 0)))
        end = at + 2 + count * size
        if size == 0 or identifier in seen:
            raise FrameError(f"setting {identifier} is unknown, or there twice", parameters)
        if end > len(parameters):
            raise FrameError(f"setting {identifier} claims {count} values, more than there are", parameters)
        if name:
            values = range(at + 2, end, size)
            found[name] = tuple(int.from_bytes(parameters[i : i + size], "little") for i in values)
        seen.add(identifier)
        at = end
    return Settings(**found)


def encode_settings(settings: Settings) -> bytes:
    """Write settings, leaving out what is empty."""
    records = []
    for identifier, (name, size) in _SETTING_FIELDS.items():
        values: tuple[int, ...] = getattr(settings, name)
        if values:
            body = b"".join(value.to_bytes(size, "little") for value in values)
            records.append(bytes([identifier, len(values)]) + body)
    return b"".join(records)


def ask_settings() -> bytes:
    """Command: say which settings the ECG has."""
    return bytes([Opcode.SETTINGS, Measurement.ECG])


def start_ecg(settings: Settings = ECG_SETTINGS) -> bytes:
    """Command: stream ECG."""
    return bytes([Opcode.START, Measurement.ECG]) + encode_settings(settings)


def stop_ecg() -> bytes:
    """Command: stream no more. A strap that is never told so stays on until its battery is empty."""
    return bytes([Opcode.STOP, Measurement.ECG])


def decode_control(packet: bytes) -> ControlPacket:
    """Read one indication of the control point.

    Raises
    ------
    FrameError
        If it is neither an answer nor the word that measurements have stopped.
    """
    match packet[:1]:
        case b"\xf0":
            return decode_response(packet)
        case b"\x01":
            if not 2 <= len(packet) <= MAX_FRAME_SIZE:  # noqa: PLR2004 - marker, a measurement
                raise FrameError("measurements have stopped, but not which", packet)
            return Stopped(tuple(kind & _TYPE_MASK for kind in packet[1:]))
        case _:
            raise FrameError("neither an answer nor a measurement that stopped", packet)


def decode_response(packet: bytes) -> Response:
    """Read one answer of the control point.

    Raises
    ------
    FrameError
        If it is none.
    """
    if not 4 <= len(packet) <= MAX_FRAME_SIZE or packet[0] != RESPONSE_MARK:  # noqa: PLR2004 - the bytes below
        raise FrameError("an answer has at least 4 bytes", packet)
    _, opcode, measurement, status = packet[:4]
    try:
        answer = Status(status)
    except ValueError:
        raise FrameError(f"an answer with the unknown status {status}", packet) from None
    more = len(packet) > 4 and packet[4] != 0  # noqa: PLR2004
    return Response(opcode, measurement & _TYPE_MASK, answer, more, packet[5:])


def encode_control(packet: ControlPacket) -> bytes:
    """Write one indication of the control point, as the H10 does."""
    match packet:
        case Response(opcode, measurement, status, more, parameters):
            return bytes([RESPONSE_MARK, opcode, measurement, status, more]) + parameters
        case Stopped(measurements):
            return bytes([_STOPPED, *measurements])


def decode_features(value: bytes) -> Feature:
    """Read the feature bytes: the value of the control point.

    Raises
    ------
    FrameError
        If they are not feature bytes.
    """
    if not 3 <= len(value) <= MAX_FRAME_SIZE or value[:1] != FEATURES_MARK:  # noqa: PLR2004 - marker, two masks
        raise FrameError("the control point does not say what the device can stream", value)
    return Feature(int.from_bytes(value[1:3], "little") & sum(Feature))


def encode_features(features: Feature) -> bytes:
    """Write the feature bytes, padded as the H10 pads them."""
    return FEATURES_MARK + int(features).to_bytes(2, "little") + bytes(14)
