"""Movesense through its GATT SensorData Protocol (GSP): 125 to 512 Hz ECG; every packet says when it began.

Nothing here was tried on hardware. Sources: Movesense's "GATT SensorData Protocol specification" and its sample
``gatt_sensordata_app`` (commands, answers, statuses, data); sensein/movesense-py (``sensor_command.py``,
``docs/movesense-api.md``: HELLO's answer, the path's closing NUL, the size of a count, int16 microvolts).

Unverified, and said in `wearable`'s limits: that the time stamp is of a packet's *first* sample (the specification;
JonasPrimbs/movesense-ble-ecg-firmware takes it for the last), that a packet has 16 samples at every rate, how a
continued packet (DATA_PART2) looks in a stream, and what ``/mV`` sends (movesense-py saw int16, the API says float).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Dialogue,
    Event,
    Gives,
    Received,
    Samples,
    Subscribe,
    Timed,
    Trust,
    Wearable,
    Write,
)
from edge.signal import Scale

KIND: Final = "movesense"
NAME_PREFIX: Final = "Movesense"
SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
"""Write: a `Command`."""
DATA: Final = "34800002-7185-4d5d-b431-630e7050e8f0"
"""Notifies: an `Answer` or a `Part`."""
ADVERTISED_SERVICE: Final = "0000fdf3-0000-1000-8000-00805f9b34fb"
MAKER: Final = 0x009F

RATES_HZ: Final = (125, 128, 200, 250, 256, 500, 512)
PACKET_SAMPLES: Final = 16
HELLO_REFERENCE: Final = 1
ECG_REFERENCE: Final = 2
_STAMP: Final = struct.Struct("<I")
_NS_PER_MS: Final = 1_000_000
_MAX_MILLIVOLTS: Final = 2000
"""No body gives more, and an int32 holds no more nanovolts."""
_HEADER_SIZE: Final = 2
_MAX_SIZE: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""


class Verb(IntEnum):
    """What a command asks for; the logbook's are left out."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2


class _Kind(IntEnum):
    ANSWER = 1
    DATA = 2
    DATA_CONTINUED = 3


@dataclass(frozen=True, slots=True)
class Command:
    """What the gateway writes.

    Parameters
    ----------
    verb
        What is asked for.
    reference
        Chosen by the gateway, 1 to 255; what comes back carries it.
    payload
        For `Verb.SUBSCRIBE`: `ecg_path`.
    """

    verb: Verb
    reference: int
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """The sensor's answer to the command with this reference.

    Parameters
    ----------
    reference
        Of the command.
    body
        To HELLO: protocol version (one byte) and texts that end with NUL; else a status (uint16), and more.
    """

    reference: int
    body: bytes

    @property
    def status(self) -> int | None:
        """As HTTP numbers it; None where there is none. HELLO is answered without."""
        return int.from_bytes(self.body[:2], "little") if len(self.body) >= 2 else None  # noqa: PLR2004

    @property
    def accepts(self) -> bool:
        """Whether the status says that the command is done."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Part:
    """A packet of a stream, or what did not fit the notification before.

    Parameters
    ----------
    reference
        Of the command that subscribed to the stream.
    body
        Bytes of the packet.
    continues
        Whether they continue the part before.
    """

    reference: int
    body: bytes
    continues: bool = False


Message: TypeAlias = Answer | Part


class Form(Enum):
    """How samples are sent: `dtype` on the wire, `scale` of the counts they are read as."""

    COUNTS = ("<i4", Scale(0.000381469726563))
    """The converter's own counts; what is sent unless ``/mV`` was asked for."""
    MICROVOLTS = ("<i2", Scale(0.001, rails=(-32768, 32767)))
    """Where ``/mV`` sends two bytes a sample."""
    MILLIVOLTS = ("<f4", Scale(1e-6))
    """Where ``/mV`` sends floats, mV; they are read as nanovolts."""

    def __init__(self, dtype: str, scale: Scale) -> None:
        self.dtype = np.dtype(dtype)
        self.scale = scale

    @property
    def packet_size(self) -> int:
        """Bytes of a whole packet: time stamp and samples."""
        return _STAMP.size + PACKET_SAMPLES * self.dtype.itemsize


_LARGEST_PACKET: Final = Form.COUNTS.packet_size


@dataclass(frozen=True, slots=True, eq=False)
class EcgPacket:
    """One packet of ECG.

    Parameters
    ----------
    stamp_ms
        Time of the *first* sample, ms since the sensor's start, modulo 2**32 (49.7 days).
    counts
        ``NDArray[int32]``, shape (16,), in the counts of `form`.
    form
        How they are sent.
    """

    stamp_ms: int
    counts: NDArray[np.int32]
    form: Form


def encode_command(command: Command) -> bytes:
    """Write a command."""
    return bytes([command.verb, command.reference]) + command.payload


def decode_command(value: bytes) -> Command:
    """Read a command, as the sensor does.

    Raises
    ------
    FrameError
        If its verb is none of `Verb`, or its reference is absent or 0.
    """
    if not _HEADER_SIZE <= len(value) <= _MAX_SIZE or value[1] == 0:
        raise FrameError("a command has a verb and a reference that is not 0", value)
    if value[0] not in set(Verb):
        raise FrameError(f"a command with the unknown verb {value[0]}", value)
    return Command(Verb(value[0]), value[1], value[2:])


def encode_message(message: Message) -> bytes:
    """Write a notification."""
    if isinstance(message, Answer):
        return bytes([_Kind.ANSWER, message.reference]) + message.body
    return bytes([_Kind.DATA_CONTINUED if message.continues else _Kind.DATA, message.reference]) + message.body


def decode_message(value: bytes) -> Message:
    """Read a notification.

    Raises
    ------
    FrameError
        If it is neither an answer nor data.
    """
    if not _HEADER_SIZE <= len(value) <= _MAX_SIZE:
        raise FrameError(f"a notification has {_HEADER_SIZE} to {_MAX_SIZE} bytes", value)
    match value[0]:
        case _Kind.ANSWER:
            return Answer(value[1], value[2:])
        case _Kind.DATA | _Kind.DATA_CONTINUED as kind:
            return Part(value[1], value[2:], kind == _Kind.DATA_CONTINUED)
        case kind:
            raise FrameError(f"a notification of the unknown kind {kind}", value)


def ecg_path(rate_hz: int, *, millivolts: bool) -> bytes:
    """Path of the ECG resource, closed by NUL as the vendor's tool writes it."""
    return f"/Meas/ECG/{rate_hz}{'/mV' if millivolts else ''}\0".encode()


def encode_packet(packet: EcgPacket) -> bytes:
    """Write a packet of ECG."""
    values = packet.counts * packet.form.scale.millivolts_per_count if packet.form is Form.MILLIVOLTS else packet.counts
    return _STAMP.pack(packet.stamp_ms) + values.astype(packet.form.dtype).tobytes()


def decode_packet(packet: bytes, *, millivolts: bool) -> EcgPacket:
    """Read a packet of ECG.

    Parameters
    ----------
    packet
        Time stamp and 16 samples.
    millivolts
        Whether ``/mV`` was asked for: four bytes a sample are then float, and else int32. Nothing in a packet tells.

    Raises
    ------
    FrameError
        If its length is none that was asked for, or a float is no voltage that a body gives.
    """
    forms = (Form.MICROVOLTS, Form.MILLIVOLTS) if millivolts else (Form.COUNTS,)
    form = next((form for form in forms if form.packet_size == len(packet)), None)
    if form is None:
        sizes = " or ".join(str(form.packet_size) for form in forms)
        raise FrameError(f"a packet of ECG has {sizes} bytes here", packet)
    values = np.frombuffer(packet, form.dtype, offset=_STAMP.size)
    if form is Form.MILLIVOLTS:
        if not (np.isfinite(values).all() and np.abs(values).max() <= _MAX_MILLIVOLTS):
            raise FrameError(f"a sample is not a number, or beyond {_MAX_MILLIVOLTS} mV", packet)
        values = np.rint(values.astype(np.float64) / form.scale.millivolts_per_count)
    return EcgPacket(_STAMP.unpack_from(packet)[0], values.astype(np.int32), form)


class MovesenseDecoder:
    """Puts parts together and reads them; what concerns another subscription says nothing.

    Parts carry no number: where the radio says that something was lost, a packet that was begun is given up.
    After ``/mV``, a packet in several parts is of floats: half of one is as long as a whole one of int16.
    """

    def __init__(self, rate_hz: int, *, millivolts: bool) -> None:
        self._rate_hz, self._millivolts = rate_hz, millivolts
        self._begun = b""

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value. Of a packet whose rest was lost, the error comes after what the next one holds."""
        if received.characteristic != DATA:
            return
        if received.after:
            self._begun = b""
        message = decode_message(received.data)
        if isinstance(message, Answer) or message.reference != ECG_REFERENCE:
            return
        begun, self._begun = self._begun, b""
        if message.continues and not begun:
            raise FrameError("the rest of a packet whose beginning was lost", received.data)
        packet = begun + message.body if message.continues else message.body
        short = self._millivolts and not message.continues and len(packet) == Form.MICROVOLTS.packet_size
        if short or len(packet) >= _LARGEST_PACKET:
            yield self._samples(decode_packet(packet, millivolts=self._millivolts))
        else:
            self._begun = packet
        if begun and not message.continues:
            raise FrameError("a packet whose rest was lost", begun)

    def _samples(self, packet: EcgPacket) -> Samples:
        lasts_ns = round((packet.counts.size - 1) * 1e9 / self._rate_hz)
        position = Timed(packet.stamp_ms * _NS_PER_MS + lasts_ns, resolution_ns=_NS_PER_MS)
        return Samples(packet.counts, packet.form.scale, position)


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises as a Movesense: by name or service, or, where it gives no name, by its maker.

    Sports watches have the same maker.
    """
    return (
        advertised.name.startswith(NAME_PREFIX)
        or not advertised.services.isdisjoint({SERVICE, ADVERTISED_SERVICE})
        or (not advertised.name and MAKER in advertised.makers)
    )


def _begins(*kinds: _Kind, reference: int) -> Callable[[bytes], bool]:
    return lambda value: value[:2] in {bytes([kind, reference]) for kind in kinds}


def _start(path: bytes) -> Dialogue:
    yield Subscribe(DATA)
    hello = Write(COMMAND, encode_command(Command(Verb.HELLO, HELLO_REFERENCE)))
    if (yield Ask(hello, DATA, _begins(_Kind.ANSWER, reference=HELLO_REFERENCE))) is None:
        raise GatewayError(
            GatewayFault.REFUSED,
            "it does not speak the GATT SensorData Protocol",
            advice="install Movesense's default firmware 2.3 or later (the Movesense Showcase app does)",
        )
    subscribe = Write(COMMAND, encode_command(Command(Verb.SUBSCRIBE, ECG_REFERENCE, path)))
    # Older firmware says nothing to a subscription that succeeds, and begins to send.
    reply = yield Ask(subscribe, DATA, _begins(_Kind.ANSWER, _Kind.DATA, reference=ECG_REFERENCE))
    answer = decode_message(reply) if reply else None
    if not isinstance(answer, Part) and not (answer and answer.accepts):
        status = "no answer" if answer is None else f"status {answer.status}"
        raise GatewayError(
            GatewayFault.REFUSED,
            f"it does not stream {path.rstrip(bytes(1)).decode()} ({status})",
            advice="disconnect it from other programs, ask for another rate, or update its firmware",
        )


def _stop() -> Dialogue:
    yield Write(COMMAND, encode_command(Command(Verb.UNSUBSCRIBE, ECG_REFERENCE)))


def wearable(rate_hz: int = 200, *, millivolts: bool = False) -> Wearable:
    """Set up one stream.

    Parameters
    ----------
    rate_hz
        One of `RATES_HZ`.
    millivolts
        Ask for ``/mV``: of a firmware that gives no raw counts.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` if the sensor has no such rate.
    """
    if rate_hz not in RATES_HZ:
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"a Movesense has no ECG at {rate_hz} Hz",
            advice=f"ask for one of {', '.join(map(str, RATES_HZ))} Hz",
        )
    return Wearable(
        kind=KIND,
        title="Movesense",
        gives=Gives.WAVES,
        rate_hz=rate_hz,
        rates_hz=tuple(map(float, RATES_HZ)),
        placed_by="time stamps",
        trust=Trust.UNVERIFIED,
        limits=(
            "It must run firmware with the GATT SensorData Protocol, as the default firmware since 2.3 is said to.",
            "Whether its time stamps are of a packet's first or last sample is disputed; here they are of the first.",
            "Packets of 16 samples, packets in several parts, and millivolts from the sensor are unverified.",
            "Its clock begins again after 49.7 days, which is taken for a restart.",
            "It does not say whether its electrodes touch skin.",
        ),
        recognised_by=recognise,
        data=DATA,
        start=lambda: _start(ecg_path(rate_hz, millivolts=millivolts)),
        stop=_stop,
        decoder=lambda: MovesenseDecoder(rate_hz, millivolts=millivolts),
    )
