"""Viatom (Wellue, Lepu) ER1 and ER2, and what else speaks alike: 125 Hz ECG for whoever asks about once a second.

Nothing here was tried on hardware. Source: the vendor's SDK (viatomEcho/LepuBle, ``blepro``: ``Er1BleCmd``,
``Er2BleCmd``, ``Er1BleResponse``, ``Er2RtData``, ``Er2RTParam``, ``BleCRC``, ``Er1BleInterface``; names as in
``Bluetooth``).

A reply says neither when its samples were taken nor which they are: ``recordTime`` counts whole seconds, and only
while the device records. So a reply with samples marked invalid gives no wave at all: cut out, the rest would look
contiguous and shift; a whole reply that is missing can be seen from the arrivals.

Unverified, and said in `wearable`'s limits: how many samples a device keeps between two requests, and what a
VisualBeat advertises (the SDK has ``VBeat``).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError
from ble_gateway.wearables.wearable import (
    Advertised,
    Beats,
    Charge,
    Dialogue,
    Event,
    Gives,
    Poll,
    Received,
    Samples,
    Subscribe,
    Trust,
    Unplaced,
    Wearable,
    Write,
    no_dialogue,
)
from edge.signal import Scale

SERVICE: Final = "14839ac4-7d7e-415c-9a42-167340cf2339"
REQUEST: Final = "8b00ace7-eb0b-49b0-bbe9-9aee0a26e1a3"
"""Write: a `Frame`."""
REPLY: Final = "0734594a-a8e7-4b1a-a6b1-cd5243059a57"
"""Notifies: pieces of `Frame`."""

Model: TypeAlias = Literal["er1", "er2"]
NAME_PREFIXES: Final[dict[Model, tuple[str, ...]]] = {
    "er1": ("ER1", "LEPU ER1", "VBeat", "VisualBeat", "DuoEK"),
    "er2": ("ER2", "LP ER2"),
}
"""By the dialect in which the vendor's SDK speaks to them; the SDK takes a DuoEK for an ER1."""
RATE_HZ: Final = 125.0
SCALE: Final = Scale(1.0035 * 1800 / (4096 * 178.74))
"""About 2.467 uV a count."""
INVALID: Final = 0x7FFF
"""Count of a sample that was not measured."""
POLL_EVERY_S: Final = 1.0

LIVE: Final = 0x03
"""Command: send what was taken since the last request."""
_SAMPLES_PER_SECOND: Final = b"\x7d"
"""What an ER1 is sent along with the request; an ER2 gets nothing."""
_FROM_GATEWAY: Final = 0
_FROM_DEVICE: Final = 1

_MARK: Final = 0xA5
_HEADER: Final = struct.Struct("<BBBBBH")
"""Mark, command, its complement, package type, package number, payload size."""
_CRC_SIZE: Final = 1
MAX_PAYLOAD_SIZE: Final = 2048
"""Eight seconds of samples: a longer claim is no frame, and is not waited for."""
_STATUS: Final = struct.Struct("<HBBIB11x")
_COUNT_SIZE: Final = 2
_LEADS_OFF: Final = 7
_IDLE: Final = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One request or reply.

    Parameters
    ----------
    command
        What is asked for, or answered; one byte.
    payload
        At most `MAX_PAYLOAD_SIZE` bytes.
    kind
        Package type: 0 from the gateway, 1 from a device that did what was asked.
    number
        Package number, one byte; says nothing of the samples.
    """

    command: int
    payload: bytes = b""
    kind: int = _FROM_GATEWAY
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What a device says when asked for live data.

    Parameters
    ----------
    counts
        ``NDArray[int32]``, shape (n_samples,), perhaps none; each within int16; `INVALID` where not measured.
    bpm
        Heart rate, 0 to 65,535.
    battery_percent
        0 to 255, although above 100 it means nothing.
    run_status
        Low four bits: 0 idle, 1 preparing, 2 recording, 3 to 6 after a recording, 7 an electrode off.
    flags
        Bit 0: a beat; bit 1: bad signal; bit 2: weak signal; bits 6 and 7: charging.
    recorded_s
        Length of the recording, whole seconds.
    """

    counts: NDArray[np.int32]
    bpm: int = 0
    battery_percent: int = 0
    run_status: int = 0
    flags: int = 0
    recorded_s: int = 0

    @property
    def contact(self) -> bool | None:
        """Whether the electrodes touch skin; None while idle, of which the SDK's own code and comment differ."""
        if self.run_status & _LEADS_OFF == _LEADS_OFF:
            return False
        return None if self.run_status & 0x0F == _IDLE else True


def _crc8_table() -> bytes:
    """CRC-8 of each byte: polynomial 0x07, most significant bit first, initially 0."""
    table = bytearray(256)
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
        table[byte] = crc
    return bytes(table)


_CRC8: Final = _crc8_table()


def crc8(data: bytes) -> int:
    """CRC-8 (polynomial 0x07, initially 0) of `data`; 0 of data with its CRC behind it."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def encode_frame(frame: Frame) -> bytes:
    """Write a frame."""
    head = _HEADER.pack(_MARK, frame.command, frame.command ^ 0xFF, frame.kind, frame.number, len(frame.payload))
    return head + frame.payload + bytes([crc8(head + frame.payload)])


def cut(held: bytes) -> tuple[list[Frame], bytes, bytes]:
    """Cut the frames out of bytes as they came, however they were split.

    Parameters
    ----------
    held
        Bytes, in the order they came.

    Returns
    -------
    frames
        In order.
    strays
        Bytes that belong to no frame, put together.
    rest
        The beginning of what may become a frame; shorter than the longest one.
    """
    frames: list[Frame] = []
    strays = bytearray()
    at = 0
    while at < len(held):
        size = _size_at(held, at)
        if at + size > len(held):
            break
        if size and crc8(held[at : at + size]) == 0:
            _, command, _, kind, number, _ = _HEADER.unpack_from(held, at)
            frames.append(Frame(command, held[at + _HEADER.size : at + size - _CRC_SIZE], kind, number))
            at += size
        else:
            strays.append(held[at])
            at += 1
    return frames, bytes(strays), held[at:]


def _begins_a_reply(data: bytes) -> bool:
    """Whether a notification begins with the header of a reply: by chance one in 16 million does."""
    return len(data) >= _HEADER.size and data[3] == _FROM_DEVICE and _size_at(data, 0) > len(data)


def _size_at(held: bytes, at: int) -> int:
    """Size of the frame that begins there, as far as its header has come; 0 where none can begin."""
    head = held[at : at + _HEADER.size]
    if head[0] != _MARK or (len(head) > 2 and head[1] ^ head[2] != 0xFF):  # noqa: PLR2004
        return 0
    if len(head) < _HEADER.size:
        return _HEADER.size
    payload_size = _HEADER.unpack(head)[-1]
    return _HEADER.size + payload_size + _CRC_SIZE if payload_size <= MAX_PAYLOAD_SIZE else 0


def ask_live(model: Model) -> Frame:
    """Request: live data, in the model's dialect."""
    return Frame(LIVE, _SAMPLES_PER_SECOND if model == "er1" else b"")


def encode_live(live: Live) -> bytes:
    """Write the payload of a reply with live data."""
    status = _STATUS.pack(live.bpm, live.flags, live.battery_percent, live.recorded_s, live.run_status)
    return status + live.counts.size.to_bytes(_COUNT_SIZE, "little") + live.counts.astype("<i2").tobytes()


def decode_live(payload: bytes) -> Live:
    """Read the payload of a reply with live data.

    Raises
    ------
    FrameError
        If it does not hold as many samples as it says. The vendor's SDK takes what is there; but an ER3, which
        speaks alike, says so of each of its four leads, and they would be read as one.
    """
    samples_at = _STATUS.size + _COUNT_SIZE
    n_samples = int.from_bytes(payload[_STATUS.size : samples_at], "little")
    if len(payload) != samples_at + 2 * n_samples:
        raise FrameError(f"live data of {n_samples} samples has {samples_at + 2 * n_samples} bytes", payload)
    bpm, flags, battery_percent, recorded_s, run_status = _STATUS.unpack_from(payload)
    counts = np.frombuffer(payload, "<i2", offset=samples_at).astype(np.int32)
    return Live(counts, bpm, battery_percent, run_status, flags, recorded_s)


class ViatomDecoder:
    """Puts replies together and reads those with live data."""

    def __init__(self) -> None:
        self._held = b""
        self._percent: int | None = None

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value; an error comes after what could be read."""
        if received.characteristic != REPLY:
            return
        if self._held and _begins_a_reply(received.data):
            # The rest of the reply before was lost: waiting for it would cost this one too.
            torn, self._held = self._held, b""
            yield from self.feed(received)
            raise FrameError("a reply that was cut short", torn)
        frames, strays, self._held = cut(self._held + received.data)
        trouble = FrameError("bytes that belong to no frame", strays) if strays else None
        for frame in frames:
            if frame.command == LIVE:
                try:
                    yield from self._events(decode_live(frame.payload))
                except FrameError as error:
                    trouble = error
        if trouble:
            raise trouble

    def _events(self, live: Live) -> Iterator[Event]:
        if live.battery_percent <= 100 and live.battery_percent != self._percent:  # noqa: PLR2004
            self._percent = live.battery_percent
            yield Charge(live.battery_percent)
        yield Beats(live.bpm, contact=live.contact)
        valid = live.counts != INVALID
        if valid.any() and not valid.all():
            raise FrameError(f"{valid.size - valid.sum()} of {valid.size} samples are invalid", encode_live(live))
        if valid.any():
            yield Samples(live.counts, SCALE, Unplaced(), live.contact)


def recognise(advertised: Advertised, model: Model) -> bool:
    """Whether it advertises a name of the model; without a name but with the service, it is taken for an ER1.

    The vendor's oximeters and blood pressure monitors have the same service.
    """
    if advertised.name:
        return advertised.name.startswith(NAME_PREFIXES[model])
    return model == "er1" and SERVICE in advertised.services


def _start() -> Dialogue:
    yield Subscribe(REPLY)


def wearable(model: Model = "er1") -> Wearable:
    """Set up the stream of one model: they differ in how they are asked."""
    return Wearable(
        kind=f"viatom-{model}",
        title=f"Viatom {model.upper()}",
        gives=Gives.WAVES,
        rate_hz=RATE_HZ,
        rates_hz=(RATE_HZ,),
        placed_by="arrival times only",
        trust=Trust.UNVERIFIED,
        limits=(
            "It says neither when nor which samples it sends: what is lost is estimated from the times of arrival.",
            "It is asked once a second; how many samples it keeps between two requests is unverified.",
            "Of a reply with invalid samples, none is used.",
            "The names it is recognised by are the vendor's SDK's; that of a VisualBeat is unverified.",
        ),
        recognised_by=lambda advertised: recognise(advertised, model),
        data=REPLY,
        start=_start,
        stop=no_dialogue,
        decoder=ViatomDecoder,
        poll=Poll(Write(REQUEST, encode_frame(ask_live(model))), POLL_EVERY_S),
    )
