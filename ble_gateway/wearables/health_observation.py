"""Observations of the Bluetooth Generic Health Sensor service: bytes to values and back.

The specification itself (GHSS 1.0, 2023) was not at hand. What is here was read in implementations of it: class,
length (of what follows it), flags, type, 16-bit unit code and sample array in ST's
``STM32WBA-BLE-Generic-Health-Sensor`` (2024); flags, status bits and segments also in Philips'
``BLE-GHS-Server-Simulator`` and ``-Client-Example``; the time stamp in Zephyr's ``ets.h``, which cites the GATT
Specification Supplement, 3.82. Philips' simulator of 2023 counts the length from the first byte, and sends units of 32
bits: it cannot be read here. That samples are signed, and that a time stamp is that of the first one, is our choice.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError

MAX_OBSERVATION_SIZE: Final = 16 * 1024
"""Ours: what is taken together of segments."""
_COUNTERS: Final = 64
_FIRST, _LAST = 0x01, 0x02


class ObservationType(IntEnum):
    """What is observed (IEEE 11073-10101), as far as it concerns us."""

    ECG_LEAD_I = 131329
    ECG_LEAD_II = 131330
    ECG_HEART_RATE = 147842


class Unit(IntEnum):
    """Units (IEEE 11073-10101) without their partition, 4."""

    BEATS_PER_MINUTE = 264864 & 0xFFFF
    MILLIVOLT = 266418 & 0xFFFF
    MICROVOLT = 266419 & 0xFFFF


@dataclass(frozen=True, slots=True)
class ElapsedTime:
    """A time stamp.

    Parameters
    ----------
    ticks
        48 bits, in steps of the resolution that the flags say.
    flags
        As they are sent: tick counter, UTC, two bits of resolution, offset in use, current timeline.
    source, offset_quarters
        What set the clock, and time zone with daylight saving, in 15 min.
    """

    ticks: int
    flags: int = 0x29
    source: int = 0
    offset_quarters: int = 0

    @property
    def resolution_ns(self) -> int:
        """Step of the clock, ns."""
        return (1_000_000_000, 100_000_000, 1_000_000, 100_000)[self.flags >> 2 & 3]

    @property
    def ns(self) -> int:
        """Time since the clock's own epoch, ns."""
        return self.ticks * self.resolution_ns


@dataclass(frozen=True, slots=True, eq=False)
class SampleArray:
    """Samples of an ECG lead: millivolts (or microvolts) are ``samples * scale + offset``.

    Parameters
    ----------
    lead
        Which one.
    time
        Of the first sample; None where it is not said.
    unit
        Of the scaled samples.
    scale, offset
        What scales them; `scale` is not 0.
    period_s
        Duration of `samples_per_period` samples, s; more than 0.
    samples_per_period
        At least 1.
    samples
        ``NDArray[int32]``, shape (n_samples,), at least one.
    bytes_per_sample
        1, 2 or 4.
    """

    lead: ObservationType
    time: ElapsedTime | None
    unit: Unit
    scale: Decimal
    offset: Decimal
    period_s: Decimal
    samples: NDArray[np.int32]
    samples_per_period: int = 1
    bytes_per_sample: int = 2

    @property
    def rate_hz(self) -> float:
        """Sample rate."""
        return self.samples_per_period / float(self.period_s)


@dataclass(frozen=True, slots=True)
class HeartRate:
    """Heart rate as the sensor finds it, beats per minute."""

    bpm: Decimal
    time: ElapsedTime | None = None


Observation: TypeAlias = SampleArray | HeartRate

_NUMERIC, _SAMPLE_ARRAY = 0x01, 0x04
_HEAD: Final = struct.Struct("<BHH")
"""Class, length of what follows it, flags."""
_LENGTH_AT: Final = 3
_TIME: Final = struct.Struct("<B6sBb")
_ARRAY: Final = struct.Struct("<H4s4s4sBBI")
_NUMBER: Final = struct.Struct("<H4s")
_TYPED, _TIMED, _STATUS = 0x0001, 0x0002, 0x0008
_KNOWN_FLAGS: Final = 0x01FF
_FIXED_FIELDS: Final = {0x0004: 4, 0x0008: 2, 0x0010: 4, 0x0020: 1}
"""After the time stamp: duration, status, identifier, patient."""
_LISTS: Final = (0x0040, 0x0080, 0x0100)
"""After those: supplemental information, derived from, has member; each a count and so many 32-bit words."""
_INVALID: Final = 0x0001 | 0x0004
_MANTISSA: Final = (1 << 23) - 3
"""Beyond this, positive or negative, are NaN, NRes and the infinities."""


class _Reader:
    """Takes bytes from the front; more than there are is a bad frame."""

    def __init__(self, frame: bytes, at: int) -> None:
        self._frame, self._at = frame, at

    def take(self, size: int) -> bytes:
        taken = self._frame[self._at : self._at + size]
        if len(taken) < size:
            raise FrameError("an observation is cut short", self._frame)
        self._at += size
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def rest(self) -> bytes:
        return self._frame[self._at :]


def decode_float(value: bytes) -> Decimal:
    """Read an IEEE 11073 FLOAT (medfloat32): 24 bits of mantissa, 8 of decimal exponent.

    Raises
    ------
    FrameError
        If it is not 4 bytes, or one of the special values: not a number, not at this resolution, infinite.
    """
    if len(value) != 4:  # noqa: PLR2004
        raise FrameError("a number has 4 bytes", value)
    mantissa = int.from_bytes(value[:3], "little", signed=True)
    if abs(mantissa) > _MANTISSA:
        raise FrameError("a number that is none, or infinite", value)
    return Decimal(mantissa).scaleb(int.from_bytes(value[3:], signed=True))


def encode_float(value: Decimal) -> bytes:
    """Write an IEEE 11073 FLOAT; `value` has at most 6 digits, or 7 up to 8,388,605."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -128 <= exponent <= 127:  # noqa: PLR2004 - a signed byte
        raise ValueError(f"{value} has no exponent of 8 bits")
    mantissa = int(value.scaleb(-exponent))
    if abs(mantissa) > _MANTISSA:
        raise ValueError(f"{value} does not fit 24 bits")
    return mantissa.to_bytes(3, "little", signed=True) + exponent.to_bytes(1, signed=True)


def decode_observation(frame: bytes) -> Observation | None:
    """Read an observation; None where it is of no concern.

    That is: of another class or type, or one that the sensor itself calls invalid or not available.

    Raises
    ------
    FrameError
        If its length is not what it claims, or it is of an ECG and cannot be read.
    """
    if len(frame) < _HEAD.size:
        raise FrameError(f"an observation has at least {_HEAD.size} bytes", frame)
    kind, length, flags = _HEAD.unpack_from(frame)
    if length != len(frame) - _LENGTH_AT:
        raise FrameError(f"an observation that claims {length} bytes after its length", frame)
    reader = _Reader(frame, _HEAD.size)
    if kind not in {_NUMERIC, _SAMPLE_ARRAY} or not flags & _TYPED:
        return None
    observed = reader.number(4)
    if observed not in set(ObservationType) or (observed == ObservationType.ECG_HEART_RATE) != (kind == _NUMERIC):
        return None
    if flags & ~_KNOWN_FLAGS:
        raise FrameError("an observation with fields that we do not know", frame)
    time, status = _attributes(reader, flags)
    if status & _INVALID:
        return None
    if kind == _NUMERIC:
        return HeartRate(_beats(reader, frame), time)
    return _sample_array(reader, frame, ObservationType(observed), time)


def _attributes(reader: _Reader, flags: int) -> tuple[ElapsedTime | None, int]:
    """Read what the flags announce; the time stamp, and the status."""
    time = None
    if flags & _TIMED:
        clock, ticks, source, offset = _TIME.unpack(reader.take(_TIME.size))
        time = ElapsedTime(int.from_bytes(ticks, "little"), clock, source, offset)
    fixed = {flag: reader.number(size) for flag, size in _FIXED_FIELDS.items() if flags & flag}
    for flag in _LISTS:
        if flags & flag:
            reader.take(4 * reader.number(1))
    return time, fixed.get(_STATUS, 0)


def _beats(reader: _Reader, frame: bytes) -> Decimal:
    unit, value = _NUMBER.unpack(reader.take(_NUMBER.size))
    bpm = decode_float(value)
    if unit != Unit.BEATS_PER_MINUTE or not 0 <= bpm <= 0xFFFF or reader.rest():  # noqa: PLR2004 - two bytes elsewhere
        raise FrameError("a heart rate that is none", frame)
    return bpm


def _sample_array(reader: _Reader, frame: bytes, lead: ObservationType, time: ElapsedTime | None) -> SampleArray:
    unit, scale, offset, period, per_period, size, n_samples = _ARRAY.unpack(reader.take(_ARRAY.size))
    data = reader.rest()
    if unit not in {Unit.MILLIVOLT, Unit.MICROVOLT}:
        raise FrameError(f"an ECG in the unit {unit}, not in mV or µV", frame)
    if size not in {1, 2, 4} or n_samples < 1 or n_samples * size != len(data):
        raise FrameError(f"{n_samples} samples of {size} bytes claimed, {len(data)} bytes there", frame)
    array = SampleArray(
        lead=lead,
        time=time,
        unit=Unit(unit),
        scale=decode_float(scale),
        offset=decode_float(offset),
        period_s=decode_float(period),
        samples=np.frombuffer(data, f"<i{size}").astype(np.int32),
        samples_per_period=per_period,
        bytes_per_sample=size,
    )
    if array.scale == 0 or array.period_s <= 0 or per_period == 0:
        raise FrameError("an ECG without a scale or a sample period", frame)
    return array


def encode_observation(observation: Observation) -> bytes:
    """Write an observation, as short as it can be."""
    time, stamp = observation.time, b""
    if time is not None:
        stamp = _TIME.pack(time.flags, time.ticks.to_bytes(6, "little"), time.source, time.offset_quarters)
    match observation:
        case HeartRate(bpm):
            kind, observed = _NUMERIC, ObservationType.ECG_HEART_RATE
            value = _NUMBER.pack(Unit.BEATS_PER_MINUTE, encode_float(bpm))
        case SampleArray(lead, samples=samples, bytes_per_sample=size):
            kind, observed = _SAMPLE_ARRAY, lead
            floats = (encode_float(part) for part in (observation.scale, observation.offset, observation.period_s))
            value = _ARRAY.pack(observation.unit, *floats, observation.samples_per_period, size, samples.size)
            value += samples.astype(f"<i{size}").tobytes()
    body = observed.to_bytes(4, "little") + stamp + value
    return _HEAD.pack(kind, 2 + len(body), _TYPED | _TIMED * (time is not None)) + body


def segments(observation: bytes, counter: int, size: int) -> list[bytes]:
    """Cut an observation into notifications of at most `size` bytes, the first with this rolling counter."""
    parts = [observation[at : at + size - 1] for at in range(0, len(observation), size - 1)]
    headers = [(counter + n) % _COUNTERS << 2 for n in range(len(parts))]
    headers[0] |= _FIRST
    headers[-1] |= _LAST
    return [bytes([header]) + part for header, part in zip(headers, parts, strict=True)]


class Segments:
    """Puts observations together again; the counter must run on within one, not from one to the next."""

    def __init__(self) -> None:
        self._held = b""
        self._next = 0

    def feed(self, segment: bytes) -> Iterator[bytes]:
        """Take a segment; the observation that it completes.

        Raises
        ------
        FrameError
            If it does not follow the one before it (what came of that observation is dropped), if an observation grows
            beyond `MAX_OBSERVATION_SIZE`, or, after all else, if it left another unfinished.
        """
        if len(segment) < 2:  # noqa: PLR2004 - header, a byte
            raise FrameError("an empty segment", segment)
        header, held, self._held = segment[0], self._held, b""
        unfinished = held if header & _FIRST else b""
        if not header & _FIRST and (not held or header >> 2 != self._next):
            raise FrameError("a segment that does not follow the one before it", segment)
        observation = segment[1:] if header & _FIRST else held + segment[1:]
        if len(observation) > MAX_OBSERVATION_SIZE:
            raise FrameError(f"an observation of more than {MAX_OBSERVATION_SIZE} bytes", segment)
        self._next = ((header >> 2) + 1) % _COUNTERS
        if header & _LAST:
            yield observation
        else:
            self._held = observation
        if unfinished:
            raise FrameError("an observation whose end never came", unfinished)
