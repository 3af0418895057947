"""What the patch says of itself, and what it is told, bytes to values and back.

Source: ``ble_gateway/PATCH_PROTOCOL.md``, version 1.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from ble_gateway.errors import FrameError
from ble_gateway.wearables.patch_stream import COUNT_MODULUS, VERSION
from edge.signal import Scale

PATCH_SERVICE: Final = "f9600001-1ebf-4dde-a5b8-6d8c54390df7"
CONTROL: Final = "f9600003-1ebf-4dde-a5b8-6d8c54390df7"
"""Write: a `Command`. Indicates: a `Packet`."""
INFORMATION: Final = "f9600004-1ebf-4dde-a5b8-6d8c54390df7"
"""Read: `Information`."""

RATES_HZ: Final = (125, 250, 500)
"""In the order of their bits in `Information`."""

_SETUP: Final = struct.Struct("<HIiiHB")
_INFORMATION: Final = struct.Struct("<BBIBBH")
_RANGE: Final = struct.Struct("<II")

ANSWER_MARK: Final = 0x80
_GONE: Final = 0x81
_FAREWELL: Final = 0x82


class Opcode(IntEnum):
    """First byte of a command."""

    START = 1
    STOP = 2
    BACKFILL = 3


class Status(IntEnum):
    """How the patch answers a command."""

    OK = 0
    UNKNOWN_COMMAND = 1
    BAD_LENGTH = 2
    NO_SUCH_RATE = 3
    NOT_STREAMING = 4
    LINK_TOO_SLOW = 5
    BATTERY_LOW = 6


class Reason(IntEnum):
    """Why the patch ends the stream of its own accord."""

    BATTERY_EMPTY = 1
    SWITCHED_OFF = 2
    FAULT = 3


@dataclass(frozen=True, slots=True)
class Setup:
    """What the samples of a stream mean.

    Parameters
    ----------
    rate_hz
        Nominal sample rate.
    picovolts_per_count
        Size of one count.
    rails
        Lowest and highest count the converter can give.
    epoch
        Number of the present count.
    frame_samples
        Samples in a live frame, on this connection.
    """

    rate_hz: int
    picovolts_per_count: int
    rails: tuple[int, int]
    epoch: int
    frame_samples: int

    def __post_init__(self) -> None:
        if not (self.rate_hz and self.picovolts_per_count and self.frame_samples and self.rails[0] < self.rails[1]):
            raise ValueError("a stream needs a rate, a scale, two rails and samples in its frames")

    @property
    def scale(self) -> Scale:
        """Counts to millivolts."""
        return Scale(self.picovolts_per_count * 1e-9, rails=self.rails)


@dataclass(frozen=True, slots=True)
class Information:
    """What the patch is.

    Parameters
    ----------
    rates_hz
        Of `RATES_HZ`, those it has.
    ring_samples
        How many of the latest samples it keeps.
    firmware
        Major, minor, revision.
    setup
        The stream as it would be started now.
    """

    rates_hz: tuple[int, ...]
    ring_samples: int
    firmware: tuple[int, int, int]
    setup: Setup


@dataclass(frozen=True, slots=True)
class Start:
    """Command: stream at this rate; at the one it has, where that is 0."""

    rate_hz: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Command: send no more. Samples go on being taken and kept."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """Command: send these samples of the present epoch again."""

    first: int
    n_samples: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The patch's answer to a command: `opcode` as it was written; with `setup` where a stream was started."""

    opcode: int
    status: Status
    setup: Setup | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """Samples that were asked for and cannot be sent again."""

    first: int
    n_samples: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """The patch has ended the stream."""

    reason: Reason


Command: TypeAlias = Start | Stop | Backfill
Packet: TypeAlias = Answer | Gone | Farewell


def decode_information(value: bytes) -> Information:
    """Read what the patch is.

    Raises
    ------
    FrameError
        If it is of another version or length, or describes no stream.
    """
    if len(value) != _INFORMATION.size + _SETUP.size or value[0] != VERSION:
        raise FrameError("no information of version 1", value)
    _, mask, ring_samples, *firmware = _INFORMATION.unpack_from(value)
    if mask >> len(RATES_HZ):
        raise FrameError(f"rates of the unknown bits {mask:#04x}", value)
    rates_hz = tuple(rate for bit, rate in enumerate(RATES_HZ) if mask >> bit & 1)
    major, minor, revision = firmware
    return Information(rates_hz, ring_samples, (major, minor, revision), _decode_setup(value, _INFORMATION.size))


def encode_information(information: Information) -> bytes:
    """Write what the patch is."""
    mask = sum(1 << RATES_HZ.index(rate) for rate in information.rates_hz)
    head = _INFORMATION.pack(VERSION, mask, information.ring_samples, *information.firmware)
    return head + _encode_setup(information.setup)


def decode_command(data: bytes) -> Command | Status:
    """Read a command as the patch does; the status it answers with where it is none."""
    match data[:1], len(data):
        case (b"\x01", 3):
            return Start(int.from_bytes(data[1:], "little"))
        case (b"\x02", 1):
            return Stop()
        case (b"\x03", 9):
            return Backfill(*_RANGE.unpack_from(data, 1))
    return Status.BAD_LENGTH if not data or data[0] in set(Opcode) else Status.UNKNOWN_COMMAND


def encode_command(command: Command) -> bytes:
    """Write a command."""
    match command:
        case Start(rate_hz):
            return bytes([Opcode.START]) + rate_hz.to_bytes(2, "little")
        case Stop():
            return bytes([Opcode.STOP])
        case Backfill(first, n_samples):
            return bytes([Opcode.BACKFILL]) + _RANGE.pack(first, n_samples)


def decode_packet(packet: bytes) -> Packet:
    """Read one indication of the control characteristic.

    Raises
    ------
    FrameError
        If it is none of the three there are, or not of its length.
    """
    match packet[:1], len(packet):
        case (b"\x80", size) if size in {3, 3 + _SETUP.size}:
            return _decode_answer(packet)
        case (b"\x81", 9):
            first, n_samples = _RANGE.unpack_from(packet, 1)
            if not 1 <= n_samples <= COUNT_MODULUS - first:
                raise FrameError(f"{n_samples} samples gone from {first}", packet)
            return Gone(first, n_samples)
        case (b"\x82", 2) if packet[1] in set(Reason):
            return Farewell(Reason(packet[1]))
    raise FrameError("neither an answer, nor samples gone, nor a farewell", packet)


def encode_packet(packet: Packet) -> bytes:
    """Write one indication of the control characteristic."""
    match packet:
        case Answer(opcode, status, setup):
            return bytes([ANSWER_MARK, opcode, status]) + (_encode_setup(setup) if setup else b"")
        case Gone(first, n_samples):
            return bytes([_GONE]) + _RANGE.pack(first, n_samples)
        case Farewell(reason):
            return bytes([_FAREWELL, reason])


def _decode_answer(packet: bytes) -> Answer:
    _, opcode, status = packet[:3]
    if status not in set(Status):
        raise FrameError(f"an answer with the unknown status {status}", packet)
    started = opcode == Opcode.START and status == Status.OK
    if started != (len(packet) > 3):  # noqa: PLR2004 - mark, opcode, status
        raise FrameError("a stream is set up where one was started, and only there", packet)
    return Answer(opcode, Status(status), _decode_setup(packet, 3) if started else None)


def _decode_setup(packet: bytes, at: int) -> Setup:
    rate_hz, picovolts, low, high, epoch, frame_samples = _SETUP.unpack_from(packet, at)
    try:
        return Setup(rate_hz, picovolts, (low, high), epoch, frame_samples)
    except ValueError as error:
        raise FrameError(str(error), packet) from None


def _encode_setup(setup: Setup) -> bytes:
    return _SETUP.pack(setup.rate_hz, setup.picovolts_per_count, *setup.rails, setup.epoch, setup.frame_samples)
