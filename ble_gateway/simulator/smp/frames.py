"""SMP over Bluetooth: frames in pieces of what a packet holds, put together by the length in their header. Pure.

Source: Zephyr, ``doc/services/device_mgmt/smp_transport.rst`` ("BLE").
"""

from collections.abc import Iterator
from typing import Final

from ble_gateway.simulator.smp.server import read_header
from ble_gateway.simulator.twin import Offered, OfferedService, Property

SMP_SERVICE: Final = "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
SMP_CHARACTERISTIC: Final = "da2e7828-fbce-4e01-ae9e-261174997c48"
"""Write without response: requests. Notifies: answers."""
OFFERED: Final = OfferedService(
    SMP_SERVICE, (Offered(SMP_CHARACTERISTIC, Property.WRITE_WITHOUT_RESPONSE | Property.NOTIFY),)
)
_HEADER_SIZE: Final = 8


class FrameJoiner:
    """Puts pieces together.

    Parameters
    ----------
    buffer_bytes
        The largest frame; one that says it is larger is passed over, with all that came so far.
    """

    def __init__(self, buffer_bytes: int) -> None:
        self._buffer_bytes = buffer_bytes
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take a piece; yields the frames that it completes."""
        self._held += data
        while read := read_header(self._held):
            size = _HEADER_SIZE + read[1]
            if size > self._buffer_bytes:
                self._held = b""
                return
            if len(self._held) < size:
                return
            frame, self._held = self._held[:size], self._held[size:]
            yield frame

    def clear(self) -> None:
        """Forget what is not complete."""
        self._held = b""
