"""A virtual NPG-Lite: the ECG on one channel, the other two flat."""

from collections.abc import Iterable

import numpy as np

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import npg_lite
from ble_gateway.wearables.npg_lite import Packet


class NpgLiteTwin:
    """The device's side of `ble_gateway.wearables.npg_lite`.

    Parameters
    ----------
    rate_hz
        500 or 512, as its firmware has it.
    channel
        Which one carries the ECG, 0 to 2.
    """

    advertisement = Advertisement(f"{npg_lite.NAME_PREFIX}-LITE")
    services = (
        OfferedService(
            npg_lite.SERVICE,
            (Offered(npg_lite.DATA, Property.NOTIFY), Offered(npg_lite.CONTROL, Property.WRITE)),
        ),
    )
    millivolts_per_count = npg_lite.MILLIVOLTS_PER_COUNT
    rails = (-(1 << 15), (1 << 15) - 1)
    frame_samples = npg_lite.PACKET_SAMPLES

    def __init__(self, rate_hz: float = npg_lite.RATES_HZ[0], channel: int = 0) -> None:
        self.rate_hz = rate_hz
        self._channel = channel
        self._streaming = False

    @property
    def streaming(self) -> bool:
        """Whether it was told to start."""
        return self._streaming

    def read(self, _characteristic: str) -> bytes | None:
        """Nothing here can be read."""
        return None

    def subscribed(self, _characteristic: str) -> Iterable[Sent]:
        """It waits for the command."""
        return ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Start, if that is the command; no answer."""
        self._streaming |= (characteristic, data) == (npg_lite.CONTROL, npg_lite.START)
        return ()

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """One packet."""
        if not self._streaming:
            return ()
        counters = np.arange(taken.first_index, taken.first_index + taken.counts.size) % npg_lite.MODULUS
        channels = np.zeros((taken.counts.size, npg_lite.N_CHANNELS), np.int16)
        channels[:, self._channel] = taken.counts
        return [Sent(npg_lite.DATA, npg_lite.encode_packet(Packet(counters.astype(np.uint8), channels)))]

    def disconnected(self) -> None:
        """The stream ends."""
        self._streaming = False

    def reset(self) -> None:
        """The stream ends, and it counts from 0 as `Taken` does."""
        self._streaming = False

    def ended(self) -> Iterable[Sent]:
        """It only falls silent."""
        return ()
