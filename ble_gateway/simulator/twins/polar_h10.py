"""A Polar H10 without its radio."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from ble_gateway.errors import FrameError
from ble_gateway.simulator.beat_finder import find_beats
from ble_gateway.simulator.beat_finder import heart_rate as mean_heart_rate
from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables import heart_rate
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.polar_h10 import NAME_PREFIX

FRAME_SAMPLES: Final = 73
NEVER_SET_NS: Final = 599_616_000_000_000_000
"""The clock of a strap that was never told the time starts at 2019-01-01."""
BATTERY_PERCENT: Final = 87
_HEART_RATE_S: Final = 8.0
"""The strap's own heart rate is the mean over so long."""
_NO_HEART_MICROVOLTS: Final = 10_000
"""What no heart gives is an electrode off the skin; a real strap measures the impedance."""
_OPCODE_AND_MEASUREMENT: Final = 2


class H10Twin:
    """A strap that streams ECG and its own heart rate.

    Parameters
    ----------
    name
        As it advertises itself.
    """

    services = (
        OfferedService(
            pmd.PMD_SERVICE,
            (
                Offered(
                    pmd.PMD_CONTROL_POINT,
                    Property.READ | Property.WRITE | Property.INDICATE,
                    pmd.encode_features(pmd.Feature.ECG | pmd.Feature.ACCELERATION),
                ),
                Offered(pmd.PMD_DATA, Property.NOTIFY),
            ),
        ),
        OfferedService(heart_rate.HEART_RATE_SERVICE, (Offered(heart_rate.HEART_RATE_MEASUREMENT, Property.NOTIFY),)),
        OfferedService(
            heart_rate.BATTERY_SERVICE,
            (Offered(heart_rate.BATTERY_LEVEL, Property.READ, bytes([BATTERY_PERCENT])),),
        ),
    )
    rate_hz = pmd.RATE_HZ
    millivolts_per_count = pmd.MILLIVOLTS_PER_COUNT
    rails = pmd.RAILS_MICROVOLTS
    frame_samples = FRAME_SAMPLES

    def __init__(self, name: str = f"{NAME_PREFIX} 5EED0001") -> None:
        self.advertisement = Advertisement(name, services=(heart_rate.HEART_RATE_SERVICE,))
        self._streaming = False
        self._recent = np.empty(0, np.int32)

    @property
    def streaming(self) -> bool:
        """Whether it was told to stream, and not to stop."""
        return self._streaming

    def read(self, _: str) -> bytes | None:
        """Value of a characteristic: as it was offered."""
        return None

    def subscribed(self, _: str) -> Iterable[Sent]:
        """Say nothing until it is told to start."""
        return ()

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Answer a command of the control point, and do what it says."""
        if characteristic == pmd.PMD_CONTROL_POINT:
            yield Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(self.answer(data)))

    def answer(self, command: bytes) -> pmd.Response:
        """Answer a command of the control point, and do what it says."""
        if len(command) < _OPCODE_AND_MEASUREMENT:
            return pmd.Response(command[0] if command else 0, 0, pmd.Status.INVALID_LENGTH)
        opcode, measurement = command[0], command[1] & 0x3F
        if opcode not in set(pmd.Opcode):
            return pmd.Response(opcode, measurement, pmd.Status.INVALID_OPCODE)
        if measurement != pmd.Measurement.ECG:
            return pmd.Response(opcode, measurement, pmd.Status.NOT_SUPPORTED)
        match pmd.Opcode(opcode):
            case pmd.Opcode.SETTINGS:
                offered = pmd.encode_settings(pmd.ECG_SETTINGS)
                return pmd.Response(opcode, measurement, pmd.Status.OK, parameters=offered)
            case pmd.Opcode.START if self._streaming:
                return pmd.Response(opcode, measurement, pmd.Status.ALREADY_IN_STATE)
            case pmd.Opcode.START if not _usual(command[2:]):
                return pmd.Response(opcode, measurement, pmd.Status.INVALID_PARAMETER)
            case pmd.Opcode.START:
                self._streaming = True
            case pmd.Opcode.STOP:
                self._streaming = False
        return pmd.Response(opcode, measurement, pmd.Status.OK)

    def taken(self, taken: Taken) -> Iterator[Sent]:
        """Send a frame, and what the strap makes of the last seconds."""
        if not self._streaming:
            return
        frame = pmd.EcgFrame(NEVER_SET_NS + taken.last_ns, taken.counts)
        yield Sent(pmd.PMD_DATA, pmd.encode_ecg(frame))
        self._recent = np.concatenate([self._recent, taken.counts])[-round(_HEART_RATE_S * self.rate_hz) :]
        if self._recent.size >= _HEART_RATE_S / 2 * self.rate_hz:
            beats = find_beats(self._recent * self.millivolts_per_count, self.rate_hz)
            mean = mean_heart_rate(beats, 1 / self.rate_hz)
            contact = bool(np.abs(taken.counts).max() < _NO_HEART_MICROVOLTS)
            says = heart_rate.HeartRateMeasurement(round(mean.bpm or 0), contact=contact)
            yield Sent(heart_rate.HEART_RATE_MEASUREMENT, heart_rate.encode_heart_rate(says))

    def disconnected(self) -> None:
        """End the stream."""
        self._streaming = False

    def reset(self) -> None:
        """Forget the last seconds."""
        self._recent = np.empty(0, np.int32)

    def ended(self) -> Iterator[Sent]:
        """Say that the measurement has stopped."""
        self._streaming = False
        yield Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(pmd.Stopped((pmd.Measurement.ECG,))))


def _usual(settings: bytes) -> bool:
    try:
        return pmd.decode_settings(settings) == pmd.ECG_SETTINGS
    except FrameError:
        return False
