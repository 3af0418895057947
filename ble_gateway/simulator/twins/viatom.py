"""A virtual Viatom ER1 or ER2: it keeps what it measures until it is asked. Pure.

Modelled, since no device was at hand: it keeps the last three seconds, asked or not and across disconnects; it says
no heart rate; it sees an electrode off where it measures what no heart gives; it does not hear the other dialect.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import viatom
from ble_gateway.wearables.viatom import Frame, Live, Model

KEPT_S: Final = 3.0
"""Older samples are lost."""
BATTERY_PERCENT: Final = 87
_NO_HEART_MILLIVOLTS: Final = 10.0
_RECORDING: Final = 2
_ELECTRODE_OFF: Final = 7
_DONE: Final = 1
_LONGEST_NOTIFICATION: Final = 244


class ViatomTwin:
    """A device that answers requests for live data; a `Twin`."""

    def __init__(self, model: Model = "er1") -> None:
        self.advertisement = Advertisement(f"{model.upper()} 0001")
        self.services: tuple[OfferedService, ...] = (
            OfferedService(
                viatom.SERVICE,
                (
                    Offered(viatom.REQUEST, Property.WRITE | Property.WRITE_WITHOUT_RESPONSE),
                    Offered(viatom.REPLY, Property.NOTIFY),
                ),
            ),
        )
        self.rate_hz = viatom.RATE_HZ
        self.millivolts_per_count = viatom.SCALE.millivolts_per_count
        self.rails = (-32_768, viatom.INVALID - 1)
        self.frame_samples = 5
        self._request = viatom.ask_live(model)
        self._asked = False
        self._kept = np.empty(0, np.int32)

    @property
    def streaming(self) -> bool:
        """Whether it was asked since it was connected."""
        return self._asked

    def read(self, characteristic: str) -> None:  # noqa: ARG002 - nothing can be read
        """Nothing can be read."""
        return

    def subscribed(self, characteristic: str) -> Iterable[Sent]:  # noqa: ARG002 - it says nothing of itself
        """Say nothing before a request."""
        return ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Answer requests for live data, with all that is kept."""
        sent: list[Sent] = []
        if characteristic != viatom.REQUEST:
            return sent
        for frame in viatom.cut(data)[0]:
            if (frame.command, frame.payload) == (self._request.command, self._request.payload):
                self._asked = True
                reply = Frame(frame.command, viatom.encode_live(self._live()), _DONE, frame.number)
                self._kept = self._kept[:0]
                sent += _pieces(viatom.encode_frame(reply))
        return sent

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Keep what was taken; nothing goes out unasked."""
        n_kept = round(KEPT_S * self.rate_hz)
        self._kept = np.concatenate([self._kept, taken.counts])[-n_kept:]
        return ()

    def disconnected(self) -> None:
        """Go on measuring."""
        self._asked = False

    def reset(self) -> None:
        """Begin anew."""
        self._asked = False
        self._kept = self._kept[:0]

    def ended(self) -> Iterable[Sent]:
        """Say nothing: it cannot."""
        return ()

    def _live(self) -> Live:
        off = bool((np.abs(viatom.SCALE.millivolts(self._kept)) >= _NO_HEART_MILLIVOLTS).any())
        status = _ELECTRODE_OFF if off else _RECORDING
        return Live(self._kept, battery_percent=BATTERY_PERCENT, run_status=status)


def _pieces(frame: bytes) -> list[Sent]:
    starts = range(0, len(frame), _LONGEST_NOTIFICATION)
    return [Sent(viatom.REPLY, frame[at : at + _LONGEST_NOTIFICATION]) for at in starts]
