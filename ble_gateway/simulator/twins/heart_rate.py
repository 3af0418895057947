"""A virtual heart rate strap: it plays intervals between beats, and each second tells those that ended in it."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables.heart_rate import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    HEART_RATE_MEASUREMENT,
    HEART_RATE_SERVICE,
    INTERVAL_HZ,
    HeartRateMeasurement,
    encode_battery_level,
    encode_heart_rate,
)

BODY_SENSOR_LOCATION: Final = "00002a38-0000-1000-8000-00805f9b34fb"
SHORTEST_S: Final = 0.2
"""At most six intervals end in a second: they fit the 20 bytes that every link carries."""
LONGEST_S: Final = 60.0
"""A measurement has 16 bits for an interval."""
_CHEST: Final = b"\x01"
_BATTERY_PERCENT: Final = 87
_MEAN_OF: Final = 8
"""The heart rate is the mean over so many intervals."""


class HeartRateTwin:
    """A strap of no particular maker; the samples that it is given only tell it the time.

    Beats are told in ticks of 1/1024 s; rounding does not add up, since it is the times of the beats that are rounded.
    What ends while no one listens is lost.

    Parameters
    ----------
    rr_s
        Intervals between beats, each `SHORTEST_S` to `LONGEST_S`. The first begins when the strap is switched on; the
        heart stands still after the last.
    """

    def __init__(self, rr_s: Iterator[float]) -> None:
        self.rate_hz = 125.0
        self.frame_samples = 125
        self.millivolts_per_count = 0.001
        self.rails = (-20_000, 20_000)
        self.advertisement = Advertisement(name="HRM 5EED0001", services=(HEART_RATE_SERVICE,))
        self.services = (
            OfferedService(
                HEART_RATE_SERVICE,
                (
                    Offered(HEART_RATE_MEASUREMENT, Property.NOTIFY),
                    Offered(BODY_SENSOR_LOCATION, Property.READ, _CHEST),
                ),
            ),
            OfferedService(
                BATTERY_SERVICE,
                (Offered(BATTERY_LEVEL, Property.READ | Property.NOTIFY, encode_battery_level(_BATTERY_PERCENT)),),
            ),
        )
        self._rr_s = rr_s
        self._beat_s = 0.0
        self._next_s = self._beat_after(0.0)
        self._recent: deque[int] = deque(maxlen=_MEAN_OF)
        self._streaming = False

    @property
    def streaming(self) -> bool:
        """Whether a gateway listens to the measurements."""
        return self._streaming

    def read(self, characteristic: str) -> bytes | None:  # noqa: ARG002 - the protocol's signature
        """Nothing but what is offered."""
        return None

    def subscribed(self, characteristic: str) -> Iterable[Sent]:
        """Begin to send measurements; tell the charge to whoever asks for it."""
        if characteristic == HEART_RATE_MEASUREMENT:
            self._streaming = True
        battery = Sent(BATTERY_LEVEL, encode_battery_level(_BATTERY_PERCENT))
        return (battery,) if characteristic == BATTERY_LEVEL else ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:  # noqa: ARG002 - the protocol's signature
        """Nothing can be written."""
        return ()

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Tell the intervals that ended until now."""
        intervals = tuple(self._ended_until(taken.last_ns * 1e-9))
        return (self._measurement(intervals),) if self._streaming else ()

    def disconnected(self) -> None:
        """Send no more; the heart goes on."""
        self._streaming = False

    def reset(self) -> None:
        """Count time from 0 again; the next interval begins now."""
        self._streaming = False
        self._recent.clear()
        self._next_s -= self._beat_s
        self._beat_s = 0.0

    def ended(self) -> Iterable[Sent]:
        """Say nothing: straps just fall silent."""
        return ()

    def _ended_until(self, now_s: float) -> Iterator[int]:
        while self._next_s <= now_s:
            interval = _ticks(self._next_s) - _ticks(self._beat_s)
            self._recent.append(interval)
            self._beat_s, self._next_s = self._next_s, self._beat_after(self._next_s)
            yield interval

    def _beat_after(self, beat_s: float) -> float:
        rr_s = next(self._rr_s, None)
        if rr_s is None:
            return float("inf")
        if not SHORTEST_S <= rr_s <= LONGEST_S:
            raise ValueError(f"an interval of {rr_s} s: the strap plays {SHORTEST_S:g} to {LONGEST_S:g} s")
        return beat_s + rr_s

    def _measurement(self, intervals: tuple[int, ...]) -> Sent:
        bpm = round(60 * INTERVAL_HZ * len(self._recent) / sum(self._recent)) if self._recent else 0
        measurement = HeartRateMeasurement(bpm, contact=True, rr_1024=intervals)
        return Sent(HEART_RATE_MEASUREMENT, encode_heart_rate(measurement))


def _ticks(time_s: float) -> int:
    return round(time_s * INTERVAL_HZ)
