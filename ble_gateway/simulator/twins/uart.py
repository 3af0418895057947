"""A virtual home-made wearable: streams in any format over the Nordic UART service to whoever has subscribed."""

from collections.abc import Iterable

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import uart
from ble_gateway.wearables.uart import Layout, UartFormat

_FRAME_SAMPLES = 10


class UartTwin:
    """The device's side of `ble_gateway.wearables.uart`; a packet that was not filled when it ends is not sent.

    Parameters
    ----------
    form
        How it writes; a count of text is a thousandth.
    """

    # No room for a longer name beside a service of 128 bits.
    advertisement = Advertisement("ESP32ECG", (uart.SERVICE,))
    services = (
        OfferedService(
            uart.SERVICE,
            (Offered(uart.RX, Property.WRITE | Property.WRITE_WITHOUT_RESPONSE), Offered(uart.TX, Property.NOTIFY)),
        ),
    )

    def __init__(self, form: UartFormat) -> None:
        self._form = form
        self._streaming = False
        self.rate_hz = form.rate_hz
        self.millivolts_per_count = form.scale.millivolts_per_count
        rail = 2_000_000_000 if form.layout is Layout.TEXT else (1 << 15) - 1
        self.rails = (-rail, rail)
        self.frame_samples = form.packet_samples or _FRAME_SAMPLES

    @property
    def streaming(self) -> bool:
        """Whether a gateway listens."""
        return self._streaming

    def read(self, _characteristic: str) -> bytes | None:
        """Nothing here can be read."""
        return None

    def subscribed(self, characteristic: str) -> Iterable[Sent]:
        """Stream from now on."""
        self._streaming |= characteristic == uart.TX
        return ()

    def written(self, _characteristic: str, _data: bytes) -> Iterable[Sent]:
        """It listens to nothing."""
        return ()

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """One notification."""
        filled = taken.counts.size == self.frame_samples or not self._form.packet_samples
        return [Sent(uart.TX, self._written_as(taken))] if self._streaming and filled else ()

    def _written_as(self, taken: Taken) -> bytes:
        match self._form.layout:
            case Layout.INT16:
                return uart.encode_samples(taken.counts, self._form)
            case Layout.TEXT:
                return uart.encode_lines(taken.counts, self._form)
            case Layout.COUNTER_INT16:
                counter = taken.first_index // (self._form.packet_samples or 1)
                return uart.encode_packet(counter % (1 << 8 * self._form.counter_bytes), taken.counts, self._form)

    def disconnected(self) -> None:
        """No one listens any more."""
        self._streaming = False

    def reset(self) -> None:
        """No one listens any more, and it counts from 0 as `Taken` does."""
        self._streaming = False

    def ended(self) -> Iterable[Sent]:
        """It only falls silent."""
        return ()
