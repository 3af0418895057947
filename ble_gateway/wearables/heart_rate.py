"""The Bluetooth Heart Rate service (0x180D): heart rate and beat intervals, bytes to values and back.

Source: Heart Rate Service 1.0, section 3.1. The measurement carries no time.
"""

from dataclasses import dataclass
from typing import Final

from ble_gateway.errors import FrameError

HEART_RATE_SERVICE: Final = "0000180d-0000-1000-8000-00805f9b34fb"
HEART_RATE_MEASUREMENT: Final = "00002a37-0000-1000-8000-00805f9b34fb"
BATTERY_SERVICE: Final = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"

_WIDE_RATE = 0x01
_CONTACT = 0x02
_CONTACT_KNOWN = 0x04
_ENERGY = 0x08
_INTERVALS = 0x10
_INTERVAL_HZ: Final = 1024
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
        return tuple(interval / _INTERVAL_HZ for interval in self.rr_1024)


def decode_heart_rate(value: bytes) -> HeartRateMeasurement:
    """Read one Heart Rate Measurement.

    Raises
    ------
    FrameError
        If a field that the flags announce is cut short, or bytes are left over.
    """
    if not value:
        raise FrameError("an empty heart rate", value)
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
