"""A virtual HealthyPi Move: streams to whoever has subscribed, as if a measurement were active on it."""

from collections.abc import Iterable

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import healthypi
from ble_gateway.wearables.heart_rate import BATTERY_SERVICE, HEART_RATE_SERVICE


class HealthyPiTwin:
    """The device's side of `ble_gateway.wearables.healthypi`, with its firmware's mistake."""

    # A real one has no number; virtual ones may be several.
    advertisement = Advertisement(f"{healthypi.NAME} 001", (HEART_RATE_SERVICE, BATTERY_SERVICE))
    services = (
        OfferedService(
            healthypi.ECG_SERVICE,
            (Offered(healthypi.ECG, Property.NOTIFY), Offered(healthypi.SKIN_CONDUCTANCE, Property.NOTIFY)),
        ),
    )
    rate_hz = healthypi.RATE_HZ
    millivolts_per_count = healthypi.MILLIVOLTS_PER_COUNT
    rails = healthypi.RAILS
    frame_samples = 8

    def __init__(self) -> None:
        self._subscribed: list[str] = []

    @property
    def streaming(self) -> bool:
        """Whether a gateway listens to the ECG."""
        return healthypi.ECG in self._subscribed

    def read(self, _characteristic: str) -> bytes | None:
        """Nothing changes."""
        return None

    def subscribed(self, characteristic: str) -> Iterable[Sent]:
        """Send there from now on."""
        self._subscribed.append(characteristic)
        return ()

    def written(self, _characteristic: str, _data: bytes) -> Iterable[Sent]:
        """Nothing here can be written."""
        return ()

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """The same samples on both characteristics, as far as anyone has subscribed."""
        return [Sent(characteristic, healthypi.encode_ecg(taken.counts)) for characteristic in self._subscribed]

    def disconnected(self) -> None:
        """No one is subscribed any more."""
        self._subscribed.clear()

    def reset(self) -> None:
        """As after a disconnect: it keeps nothing."""
        self._subscribed.clear()

    def ended(self) -> Iterable[Sent]:
        """It only falls silent."""
        return ()
