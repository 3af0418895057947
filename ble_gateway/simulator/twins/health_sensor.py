"""A virtual Generic Health Sensor: lead I in microvolts, two arrays a second, each in several segments."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import health_sensor
from ble_gateway.wearables.health_observation import (
    ElapsedTime,
    ObservationType,
    SampleArray,
    Unit,
    encode_observation,
    segments,
)

_MICROVOLTS_PER_COUNT: Final = Decimal("2.5")
_SEGMENT_SIZE: Final = 244
_COUNTERS: Final = 64
_TICK_COUNTER_100_US: Final = 0x2D
_TICK_NS: Final = 100_000
_UNSUPPORTED: Final = b"\x70"
"""How ST's implementation answers a command that it does not know."""


class HealthSensorTwin:
    """The device's side of `ble_gateway.wearables.health_sensor`.

    Parameters
    ----------
    rate_hz
        As of `ble_gateway.wearables.health_sensor.wearable`.
    """

    advertisement = Advertisement("Health Sensor", (health_sensor.SERVICE,))
    services = (
        OfferedService(
            health_sensor.SERVICE,
            (
                Offered(health_sensor.LIVE_OBSERVATIONS, Property.NOTIFY),
                Offered(health_sensor.CONTROL_POINT, Property.WRITE | Property.INDICATE),
            ),
        ),
    )
    millivolts_per_count = float(_MICROVOLTS_PER_COUNT) / 1000
    rails = (-(1 << 15), (1 << 15) - 1)

    def __init__(self, rate_hz: float = 250.0) -> None:
        self.rate_hz = rate_hz
        self.frame_samples = int(rate_hz / 2)
        self._streaming = False
        self._counter = 0

    @property
    def streaming(self) -> bool:
        """Whether it was told to start, and not to stop."""
        return self._streaming

    def read(self, _characteristic: str) -> bytes | None:
        """Nothing here can be read."""
        return None

    def subscribed(self, _characteristic: str) -> Iterable[Sent]:
        """It waits for the command."""
        return ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Do as the control point is told, and say so."""
        if characteristic != health_sensor.CONTROL_POINT:
            return ()
        known = data in {health_sensor.START, health_sensor.STOP}
        if known:
            self._streaming = data == health_sensor.START
        return [Sent(characteristic, health_sensor.DONE if known else _UNSUPPORTED)]

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """One observation, in segments."""
        if not self._streaming:
            return ()
        first_ns = taken.last_ns - round((taken.counts.size - 1) / self.rate_hz * 1e9)
        array = SampleArray(
            lead=ObservationType.ECG_LEAD_I,
            time=ElapsedTime(round(first_ns / _TICK_NS), _TICK_COUNTER_100_US),
            unit=Unit.MICROVOLT,
            scale=_MICROVOLTS_PER_COUNT,
            offset=Decimal(0),
            period_s=Decimal(f"{1 / self.rate_hz:.6f}"),
            samples=taken.counts,
        )
        parts = segments(encode_observation(array), self._counter, _SEGMENT_SIZE)
        self._counter = (self._counter + len(parts)) % _COUNTERS
        return [Sent(health_sensor.LIVE_OBSERVATIONS, part) for part in parts]

    def disconnected(self) -> None:
        """The stream ends."""
        self._streaming = False

    def reset(self) -> None:
        """The stream ends, and segments are counted from 0."""
        self._streaming, self._counter = False, 0

    def ended(self) -> Iterable[Sent]:
        """It only falls silent."""
        return ()
