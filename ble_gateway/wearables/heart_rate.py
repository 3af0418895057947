"""The Bluetooth Heart Rate service (0x180D): heart rate and beat intervals, bytes to values and back.

Source: Heart Rate Service 1.0, section 3.1; the layout is checked against the vectors of the Polar BLE SDK
(``BleHrClientTest.kt``). The measurement carries no time, and may be 3 to 4 s old when it is sent (polar-ble-sdk,
issues 227 and 676). The battery's level is that of the Battery service (0x180F); that it never exceeds 100 is recalled
from its specification, and unverified.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ble_gateway.errors import FrameError
from ble_gateway.wearables.wearable import (
    Advertised,
    Beats,
    Charge,
    Dialogue,
    Event,
    Gives,
    Received,
    Subscribe,
    Trust,
    Wearable,
    no_dialogue,
)

KIND: Final = "heart-rate"
HEART_RATE_SERVICE: Final = "0000180d-0000-1000-8000-00805f9b34fb"
HEART_RATE_MEASUREMENT: Final = "00002a37-0000-1000-8000-00805f9b34fb"
BATTERY_SERVICE: Final = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"

MAX_VALUE_SIZE: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""
_FULL_PERCENT: Final = 100

_WIDE_RATE = 0x01
_CONTACT = 0x02
_CONTACT_KNOWN = 0x04
_ENERGY = 0x08
_INTERVALS = 0x10
INTERVAL_HZ: Final = 1024
"""Intervals count 1/1024 s."""


@dataclass(frozen=True, slots=True)
class HeartRateMeasurement:
    """What the wearable itself says about the heart.

    Parameters
    ----------
    bpm
        Heart rate, 0 to 65,535.
    contact
        Whether the electrodes touch skin; None where the wearable does not say.
    energy_kj
        Energy spent since it was last reset, kJ; None where absent.
    rr_1024
        Intervals between beats, oldest first, in 1/1024 s.
    """

    bpm: int
    contact: bool | None = None
    energy_kj: int | None = None
    rr_1024: tuple[int, ...] = ()

    @property
    def rr_s(self) -> tuple[float, ...]:
        """Intervals between beats, s."""
        return tuple(interval / INTERVAL_HZ for interval in self.rr_1024)


def decode_heart_rate(value: bytes) -> HeartRateMeasurement:
    """Read one Heart Rate Measurement.

    Raises
    ------
    FrameError
        If a field that the flags announce is cut short, or bytes are left over.
    """
    if not 0 < len(value) <= MAX_VALUE_SIZE:
        raise FrameError(f"a heart rate has 2 to {MAX_VALUE_SIZE} bytes", value)
    flags = value[0]
    rate_size = 2 if flags & _WIDE_RATE else 1
    energy_size = 2 if flags & _ENERGY else 0
    fixed_size = 1 + rate_size + energy_size
    rest = len(value) - fixed_size
    if rest < 0 or rest % 2 or (rest and not flags & _INTERVALS):
        raise FrameError("a heart rate whose flags do not fit its length", value)
    return HeartRateMeasurement(
        bpm=int.from_bytes(value[1 : 1 + rate_size], "little"),
        contact=bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None,
        energy_kj=int.from_bytes(value[1 + rate_size : fixed_size], "little") if energy_size else None,
        rr_1024=tuple(int.from_bytes(value[i : i + 2], "little") for i in range(fixed_size, len(value), 2)),
    )


def encode_heart_rate(measurement: HeartRateMeasurement) -> bytes:
    """Write one Heart Rate Measurement, the rate in as few bytes as it needs."""
    wide = measurement.bpm > 0xFF  # noqa: PLR2004 - one byte
    flags = (
        wide * _WIDE_RATE
        | (measurement.contact is not None) * _CONTACT_KNOWN
        | bool(measurement.contact) * _CONTACT
        | (measurement.energy_kj is not None) * _ENERGY
        | bool(measurement.rr_1024) * _INTERVALS
    )
    fields = [(flags, 1), (measurement.bpm, 1 + wide)]
    if measurement.energy_kj is not None:
        fields.append((measurement.energy_kj, 2))
    fields += [(interval, 2) for interval in measurement.rr_1024]
    return b"".join(value.to_bytes(size, "little") for value, size in fields)


def decode_battery_level(value: bytes) -> int:
    """Read the charge of the battery, 0 to 100 %.

    Raises
    ------
    FrameError
        If it is not one byte of at most 100.
    """
    if len(value) != 1 or value[0] > _FULL_PERCENT:
        raise FrameError("a battery level is one byte, 0 to 100 %", value)
    return value[0]


def encode_battery_level(percent: int) -> bytes:
    """Write the charge of the battery, 0 to 100 %."""
    return bytes([percent])


def decode_vitals(received: Received) -> Iterator[Event]:
    """Read what a wearable of any kind may send besides its own protocol: the heart's rhythm and the battery's charge.

    Raises
    ------
    FrameError
        If a value of these two characteristics is not what its service allows. Those of others yield nothing.
    """
    if received.characteristic == HEART_RATE_MEASUREMENT:
        measured = decode_heart_rate(received.data)
        yield Beats(measured.bpm, measured.rr_s, measured.contact)
    elif received.characteristic == BATTERY_LEVEL:
        yield Charge(decode_battery_level(received.data))


class NoDecoder:
    """Yields nothing: the values of every wearable go through `decode_vitals` first, which reads all there is here."""

    def feed(self, received: Received) -> Iterator[Event]:  # noqa: ARG002 - the protocol's signature
        """Yield nothing."""
        yield from ()


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the Heart Rate service; straps that also have a protocol of their own do so too."""
    return HEART_RATE_SERVICE in advertised.services


def _start() -> Dialogue:
    yield Subscribe(HEART_RATE_MEASUREMENT)


def wearable() -> Wearable:
    """Any strap that sends heart rate and beat intervals, but no ECG."""
    return Wearable(
        kind=KIND,
        title="Heart rate strap of any maker",
        gives=Gives.RHYTHM,
        rate_hz=0.0,
        rates_hz=(),
        placed_by="arrival times only",
        trust=Trust.VENDOR,
        limits=(
            "It sends intervals between beats, no ECG: rhythm is measured, no laboratory value is estimated.",
            "Its measurements carry no time: beats are placed by arrival, late by the strap's own delay of up to 4 s.",
            "Measurements that are lost are found only where 3 s or more are missing, or the link broke.",
            "A strap that sends heart rate without intervals gives nothing to measure.",
            "The range of the battery's level is unverified.",
        ),
        recognised_by=recognise,
        data=HEART_RATE_MEASUREMENT,
        start=_start,
        stop=no_dialogue,
        decoder=NoDecoder,
    )
