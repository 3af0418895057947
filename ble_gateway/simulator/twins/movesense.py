"""A virtual Movesense: the sensor's side of its GATT SensorData Protocol. Pure.

Modelled, since no sensor was at hand: an 18-bit converter, a first sample that the time stamp speaks of, and packets
of 16 samples only, so that what is left over at the end of a play is never sent.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from ble_gateway.errors import FrameError
from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import movesense
from ble_gateway.wearables.movesense import Answer, Command, EcgPacket, Form, Part, Verb

_HELLO: Final = b"\x01" + b"".join(text + b"\0" for text in (b"000000000001", b"Movesense", b"", b"Simulated", b"0.1"))
_OK: Final = 200
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_RAILS: Final = {
    Form.COUNTS: (-131_072, 131_071),
    Form.MICROVOLTS: (-32_768, 32_767),
    Form.MILLIVOLTS: (-50_000_000, 50_000_000),
}
_LONGEST_NOTIFICATION: Final = 244


class MovesenseTwin:
    """A sensor that streams ECG at one rate and in one form to whoever subscribes; a `Twin`.

    Parameters
    ----------
    rate_hz
        One of `movesense.RATES_HZ`; there is no ECG at another.
    form
        How it sends samples: `Form.COUNTS` on the plain path, else on the one that ends in ``/mV``.
    notification_size
        Longer packets are sent in parts, bytes.
    """

    def __init__(
        self, rate_hz: int = 200, form: Form = Form.COUNTS, *, notification_size: int = _LONGEST_NOTIFICATION
    ) -> None:
        self.advertisement = Advertisement(f"{movesense.NAME_PREFIX} 000000000001", (movesense.ADVERTISED_SERVICE,))
        self.services: tuple[OfferedService, ...] = (
            OfferedService(
                movesense.SERVICE,
                (Offered(movesense.COMMAND, Property.WRITE), Offered(movesense.DATA, Property.NOTIFY)),
            ),
        )
        self.rate_hz = float(rate_hz)
        self.millivolts_per_count = form.scale.millivolts_per_count
        self.rails = _RAILS[form]
        self.frame_samples = movesense.PACKET_SAMPLES
        self._form = form
        self._path = movesense.ecg_path(rate_hz, millivolts=form is not Form.COUNTS).rstrip(b"\0")
        self._body_size = notification_size - 2
        self._reference: int | None = None
        self._held = np.empty(0, np.int32)

    @property
    def streaming(self) -> bool:
        """Whether someone has subscribed to the ECG."""
        return self._reference is not None

    def read(self, characteristic: str) -> None:  # noqa: ARG002 - nothing can be read
        """Nothing can be read."""
        return

    def subscribed(self, characteristic: str) -> Iterable[Sent]:  # noqa: ARG002 - it says nothing of itself
        """Say nothing before a command."""
        return ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Do what a command says, and answer it."""
        if characteristic != movesense.COMMAND:
            return ()
        try:
            answer = self._answer(movesense.decode_command(data))
        except FrameError:
            if len(data) < 2:  # noqa: PLR2004 - verb, reference
                return ()
            answer = _status(data[1], _BAD_REQUEST)
        return (Sent(movesense.DATA, movesense.encode_message(answer)),)

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Send the packets that are full."""
        sent: list[Sent] = []
        if self._reference is None:
            return sent
        self._held = np.concatenate([self._held, taken.counts])
        while self._held.size >= self.frame_samples:
            first_ns = taken.last_ns - (self._held.size - 1) * 1e9 / self.rate_hz
            stamp_ms = round(first_ns / 1e6) % (1 << 32)
            packet = EcgPacket(stamp_ms, self._held[: self.frame_samples], self._form)
            self._held = self._held[self.frame_samples :]
            sent += self._parts(self._reference, movesense.encode_packet(packet))
        return sent

    def disconnected(self) -> None:
        """End the stream, as the firmware does."""
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._reference = None
        self._held = self._held[:0]

    def ended(self) -> Iterable[Sent]:
        """Say nothing: it cannot."""
        return ()

    def _answer(self, command: Command) -> Answer:
        match command.verb:
            case Verb.HELLO:
                return Answer(command.reference, _HELLO)
            case Verb.SUBSCRIBE if command.payload.rstrip(b"\0") == self._path:
                self.reset()
                self._reference = command.reference
            case Verb.UNSUBSCRIBE if command.reference == self._reference:
                self.reset()
            case _:
                return _status(command.reference, _NOT_FOUND)
        return _status(command.reference, _OK)

    def _parts(self, reference: int, packet: bytes) -> list[Sent]:
        bodies = [packet[at : at + self._body_size] for at in range(0, len(packet), self._body_size)]
        parts = [Part(reference, body, continues=number > 0) for number, body in enumerate(bodies)]
        return [Sent(movesense.DATA, movesense.encode_message(part)) for part in parts]


def _status(reference: int, status: int) -> Answer:
    return Answer(reference, status.to_bytes(2, "little"))
