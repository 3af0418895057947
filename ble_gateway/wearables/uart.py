"""Home-made wearables (an ESP32 with an AD8232, say) that stream samples over the Nordic UART service.

The service is Nordic Semiconductor's; what flows through it nobody has laid down. So the format is told, not found:
see `UartFormat`, and `parse_format` for its short form.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables.wearable import (
    Advertised,
    Counted,
    Decoder,
    Dialogue,
    Event,
    Gives,
    Received,
    Samples,
    Subscribe,
    Trust,
    Unplaced,
    Wearable,
    no_dialogue,
)
from edge.signal import Scale

KIND: Final = "uart"
SERVICE: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
RX: Final = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
"""Write: what the wearable receives; nothing is sent there."""
TX: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
"""Notifies: the stream."""

TEXT_STEPS: Final = 1000
"""A value of text is kept to a thousandth."""
_MAX_LINE: Final = 64
_MAX_PACKET_SAMPLES: Final = 120
_MAX_RATE_HZ: Final = 10_000.0
_NUMBER: Final = re.compile(rb"[+-]?(\d{1,7}\.?\d{0,12}|\.\d{1,12})")
_SAMPLE_SIZE: Final = 2
_ADVICE: Final = "write it like counter2+int16le@250Hz,2.5uV or int16le@125Hz,1uV or text@100Hz,1000uV,column2"


class Layout(StrEnum):
    """What the bytes are."""

    INT16 = "int16"
    """Samples after samples; notifications may cut them anywhere."""
    COUNTER_INT16 = "counter+int16"
    """A notification is a packet: a counter, then samples."""
    TEXT = "text"
    """A line is a sample: a decimal number, or several with commas between; notifications may cut lines anywhere."""


@dataclass(frozen=True, slots=True)
class UartFormat:
    """How a home-made wearable writes its samples.

    Parameters
    ----------
    layout
        What the bytes are.
    rate_hz
        Nominal sample rate.
    microvolts_per_count
        Size of a count, µV; of text: of 1. Negative for an inverted lead.
    big_endian
        Of samples and counter.
    counter_bytes
        1, 2 or 4.
    packet_samples
        0: the counter is that of the packet's first sample. Else it counts packets, each of so many samples.
    column
        Of text: which number of the line, counted from 1.

    Raises
    ------
    GatewayError
        If there can be no such format.
    """

    layout: Layout
    rate_hz: float
    microvolts_per_count: float
    big_endian: bool = False
    counter_bytes: int = 1
    packet_samples: int = 0
    column: int = 1

    def __post_init__(self) -> None:
        for holds, problem in (
            (1 <= self.rate_hz <= _MAX_RATE_HZ, f"a rate of {self.rate_hz:g} Hz is not within 1 to {_MAX_RATE_HZ:g}"),
            (
                math.isfinite(self.microvolts_per_count) and self.microvolts_per_count != 0,
                f"a count cannot be {self.microvolts_per_count:g} µV",
            ),
            (self.counter_bytes in {1, 2, 4}, f"a counter of {self.counter_bytes} bytes is not of 1, 2 or 4"),
            (
                0 <= self.packet_samples <= _MAX_PACKET_SAMPLES,
                f"no packet holds {self.packet_samples} samples, but 1 to {_MAX_PACKET_SAMPLES}",
            ),
            (1 <= self.column <= _MAX_LINE, f"a line has no column {self.column}"),
        ):
            if not holds:
                raise _bad_request(problem)

    @property
    def scale(self) -> Scale:
        """Counts as they are decoded to millivolts."""
        steps = TEXT_STEPS if self.layout is Layout.TEXT else 1
        return Scale(self.microvolts_per_count / 1000 / steps)

    @property
    def sample_type(self) -> np.dtype[np.int16]:
        """Of a binary sample as it is sent."""
        return np.dtype(np.int16).newbyteorder(">" if self.big_endian else "<")

    def placed(self, counter: int) -> Counted:
        """Place of a packet with this counter."""
        samples = self.packet_samples or 1
        return Counted(counter * samples, (1 << 8 * self.counter_bytes) * samples)


USUAL: Final = UartFormat(Layout.TEXT, rate_hz=250.0, microvolts_per_count=1.0)
"""What is taken where nothing is said."""

_GRAMMAR: Final = re.compile(
    r"(?P<layout>int16(?=le|be)|text|(?P<counts>counter|packet)(?P<bytes>[124])(?:x(?P<samples>[1-9]\d{0,2}))?\+int16(?=le|be))"
    r"(?P<order>le|be)?@(?P<rate>\d{1,5}(\.\d{1,6})?)Hz,(?P<step>[+-]?\d{1,9}(\.\d{1,9})?)[uµ]V(,column(?P<column>\d{1,2}))?",
    re.ASCII,
)


def parse_format(text: str) -> UartFormat:
    """Read the short form of a format: ``LAYOUT@RATEHz,STEPuV``.

    ======================================  ====================================================================
    ``int16le@125Hz,1uV``                   16-bit samples, the low byte first, 1 µV each
    ``counter2+int16le@250Hz,2.5uV``        packets: a 2-byte count of samples, then samples
    ``packet1x10+int16be@500Hz,0.5uV``      packets: a 1-byte count of packets, then 10 samples, high bytes first
    ``text@100Hz,1000uV,column2``           lines; the second number is the ECG, in millivolts
    ======================================  ====================================================================

    Raises
    ------
    GatewayError
        If it is not such a form (``BAD_REQUEST``).
    """
    found = _GRAMMAR.fullmatch(text.strip())
    if found is None:
        raise _bad_request(f"{text.strip()[:80]!r} is no format of a stream")
    part = found.groupdict()
    is_text = part["layout"] == "text"
    if (part["counts"] == "packet") != bool(part["samples"]):
        raise _bad_request("it takes packet1x10, with the samples of a packet, or counter1, without")
    if (is_text and part["order"]) or (part["column"] and not is_text):
        raise _bad_request("numbers as text have no byte order, and only text has columns")
    return UartFormat(
        layout=Layout.COUNTER_INT16 if part["counts"] else Layout(part["layout"]),
        rate_hz=float(part["rate"]),
        microvolts_per_count=float(part["step"]),
        big_endian=part["order"] == "be",
        counter_bytes=int(part["bytes"] or 1),
        packet_samples=int(part["samples"] or 0),
        column=int(part["column"] or 1),
    )


def decode_packet(value: bytes, form: UartFormat) -> tuple[int, NDArray[np.int32]]:
    """Read one packet of `Layout.COUNTER_INT16`: its counter, and ``NDArray[int32]``, shape (n_samples,), counts.

    Raises
    ------
    FrameError
        If it holds no whole samples, or not as many as the format says.
    """
    n_samples, rest = divmod(len(value) - form.counter_bytes, _SAMPLE_SIZE)
    if rest or n_samples < 1 or n_samples != (form.packet_samples or n_samples):
        expected = str(form.packet_samples or "1 or more")
        raise FrameError(f"not a counter of {form.counter_bytes} bytes and {expected} whole samples", value)
    counter = int.from_bytes(value[: form.counter_bytes], "big" if form.big_endian else "little")
    return counter, np.frombuffer(value, form.sample_type, offset=form.counter_bytes).astype(np.int32)


def encode_packet(counter: int, counts: NDArray[np.int32], form: UartFormat) -> bytes:
    """Write one packet of `Layout.COUNTER_INT16`."""
    return counter.to_bytes(form.counter_bytes, "big" if form.big_endian else "little") + encode_samples(counts, form)


def encode_samples(counts: NDArray[np.int32], form: UartFormat) -> bytes:
    """Write samples of `Layout.INT16`."""
    return counts.astype(form.sample_type).tobytes()


def decode_line(line: bytes, form: UartFormat) -> int:
    """Read one line of `Layout.TEXT`, without its end: a count.

    Raises
    ------
    FrameError
        If it has no such column, or there is no number in it.
    """
    columns = line.split(b",")
    number = columns[form.column - 1].strip() if form.column <= len(columns) else b""
    count = round(float(number) * TEXT_STEPS) if _NUMBER.fullmatch(number) else None
    if len(line) > _MAX_LINE or count is None or abs(count) >= 1 << 31:
        raise FrameError(f"a line of text without a number in column {form.column}", line)
    return count


def encode_lines(counts: NDArray[np.int32], form: UartFormat) -> bytes:
    """Write lines of `Layout.TEXT`, the columns before the number filled with zeros."""
    before = "0," * (form.column - 1)
    return "".join(f"{before}{count / TEXT_STEPS:.3f}\r\n" for count in counts.tolist()).encode()


class _Binary:
    """Reads samples after samples; what is left of one that was cut goes before the next notification."""

    def __init__(self, form: UartFormat) -> None:
        self._form = form
        self._cut = b""

    def feed(self, received: Received) -> Iterator[Event]:
        if received.characteristic != TX:
            return
        # After a loss, half a sample fits nothing.
        data = (b"" if received.after else self._cut) + received.data
        whole = len(data) - len(data) % _SAMPLE_SIZE
        self._cut = data[whole:]
        if whole:
            counts = np.frombuffer(data[:whole], self._form.sample_type).astype(np.int32)
            yield Samples(counts, self._form.scale, Unplaced())


class _Packets:
    """Reads a packet a notification."""

    def __init__(self, form: UartFormat) -> None:
        self._form = form

    def feed(self, received: Received) -> Iterator[Event]:
        if received.characteristic == TX:
            counter, counts = decode_packet(received.data, self._form)
            yield Samples(counts, self._form.scale, self._form.placed(counter))


class _Lines:
    """Reads lines; good ones are given out before a bad one of the same notification is complained of."""

    def __init__(self, form: UartFormat) -> None:
        self._form = form
        self._cut = b""
        self._skips = False

    def feed(self, received: Received) -> Iterator[Event]:
        if received.characteristic != TX:
            return
        lines, overlong = self._lines(received)
        bad: FrameError | None = FrameError(f"a line of more than {_MAX_LINE} bytes", overlong) if overlong else None
        counts: list[int] = []
        for line in lines:
            if line in {b"", b"\r"}:
                continue
            try:
                counts.append(decode_line(line, self._form))
            except FrameError as error:
                bad = bad or error
        if counts:
            yield Samples(np.array(counts, np.int32), self._form.scale, Unplaced())
        if bad:
            raise bad

    def _lines(self, received: Received) -> tuple[list[bytes], bytes]:
        """Take the lines that are complete now, and the beginning of one that will never be."""
        if received.after and self._cut:
            self._cut, self._skips = b"", True
        *lines, self._cut = (self._cut + received.data).split(b"\n")
        if self._skips and lines:
            del lines[0]
            self._skips = False
        overlong = b""
        if self._skips or len(self._cut) > _MAX_LINE:
            overlong = b"" if self._skips else self._cut
            self._cut, self._skips = b"", True
        return lines, overlong


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the service."""
    return SERVICE in advertised.services


def _start() -> Dialogue:
    yield Subscribe(TX)


def _decoder(form: UartFormat) -> Callable[[], Decoder]:
    match form.layout:
        case Layout.INT16:
            return lambda: _Binary(form)
        case Layout.COUNTER_INT16:
            return lambda: _Packets(form)
        case Layout.TEXT:
            return lambda: _Lines(form)


def wearable(form: UartFormat) -> Wearable:
    """Set it up for the format that the wearable was built to write."""
    counted = form.layout is Layout.COUNTER_INT16
    limits = ["The format is taken on trust: a wrong one gives numbers, not an error."]
    if not counted:
        limits.append("Without a counter, samples lost on the way are only seen as a silence.")
    if form.layout is Layout.INT16:
        limits.append("After half a sample was lost, all that follow are torn: only a new connection mends it.")
    if form.layout is Layout.TEXT:
        limits.append("A line that is no number is counted as a bad frame and left out of the row without a gap.")
    return Wearable(
        kind=KIND,
        title=f"Nordic UART stream, {form.layout} at {form.rate_hz:g} Hz",
        gives=Gives.WAVES,
        rate_hz=form.rate_hz,
        rates_hz=(form.rate_hz,),
        placed_by="a count of samples" if counted else "arrival times only",
        trust=Trust.OURS,
        limits=tuple(limits),
        recognised_by=recognise,
        data=TX,
        start=_start,
        stop=no_dialogue,
        decoder=_decoder(form),
    )


def _bad_request(problem: str) -> GatewayError:
    return GatewayError(GatewayFault.BAD_REQUEST, problem, advice=_ADVICE)
