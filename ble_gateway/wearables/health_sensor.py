"""A sensor of the Bluetooth Generic Health Sensor service (0x1840): live ECG as time-stamped sample arrays.

Source: service and characteristics from Bluetooth's assigned numbers; the control point's commands and its answer as
ST's and Philips' implementations have them; observations: see `ble_gateway.wearables.health_observation`. No device
that is sold is known to speak it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables.health_observation import (
    HeartRate,
    ObservationType,
    SampleArray,
    Segments,
    Unit,
    decode_observation,
)
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Beats,
    Dialogue,
    Event,
    Gives,
    Position,
    Received,
    Samples,
    Subscribe,
    Timed,
    Trust,
    Unplaced,
    Wearable,
    Write,
)
from edge.signal import Scale

KIND: Final = "health-sensor"
SERVICE: Final = "00001840-0000-1000-8000-00805f9b34fb"
LIVE_OBSERVATIONS: Final = "00002b8b-0000-1000-8000-00805f9b34fb"
"""Notifies or indicates: segments of observations."""
CONTROL_POINT: Final = "00002bf4-0000-1000-8000-00805f9b34fb"
"""Write: `START` or `STOP`. Indicates: `DONE`, or why not."""
START, STOP, DONE = b"\x01", b"\x02", b"\x80"

RATES_HZ: Final = (100.0, 125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0)
"""Those that are usual; the service allows any."""
_RATE_TOLERANCE: Final = 0.05


class HealthSensorDecoder:
    """Reads the live observations: of ECG leads the first that comes, and heart rates.

    Parameters
    ----------
    rate_hz
        Sample rate that is expected.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._segments = Segments()
        self._lead: ObservationType | None = None

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value."""
        if received.characteristic != LIVE_OBSERVATIONS:
            return
        for frame in self._segments.feed(received.data):
            observation = decode_observation(frame)
            match observation:
                case HeartRate(bpm):
                    yield Beats(round(bpm))
                case SampleArray(lead) if lead is (self._lead or lead):
                    if abs(observation.rate_hz / self._rate_hz - 1) > _RATE_TOLERANCE:
                        raise FrameError(f"ECG at {observation.rate_hz:g} Hz, not at {self._rate_hz:g} Hz", frame)
                    self._lead = lead
                    yield Samples(observation.samples, _scale(observation), _position(observation))


def _scale(array: SampleArray) -> Scale:
    millivolts_per_unit = 1.0 if array.unit is Unit.MILLIVOLT else 1e-3
    return Scale(float(array.scale) * millivolts_per_unit, zero_count=float(-array.offset / array.scale))


def _position(array: SampleArray) -> Position:
    if array.time is None:
        return Unplaced()
    since_first_ns = round((array.samples.size - 1) / array.rate_hz * 1e9)
    return Timed(array.time.ns + since_first_ns, array.time.resolution_ns)


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the service."""
    return SERVICE in advertised.services


def _start() -> Dialogue:
    yield Subscribe(CONTROL_POINT)
    yield Subscribe(LIVE_OBSERVATIONS)
    answer = yield Ask(Write(CONTROL_POINT, START), CONTROL_POINT, _is_answer)
    if answer != DONE:
        raise GatewayError(
            GatewayFault.REFUSED,
            f"it does not start its live observations (answer {(answer or b'').hex(' ') or 'empty'})",
            advice="check that it is not sending to another gateway, and that it needs no pairing",
        )


def _stop() -> Dialogue:
    yield Write(CONTROL_POINT, STOP)


def _is_answer(value: bytes) -> bool:
    return len(value) > 0


def _decoder(rate_hz: float) -> Callable[[], HealthSensorDecoder]:
    return lambda: HealthSensorDecoder(rate_hz)


def wearable(rate_hz: float = 250.0) -> Wearable:
    """Set it up for the rate that the sensor samples at.

    Raises
    ------
    GatewayError
        If that is none of `RATES_HZ`.
    """
    if rate_hz not in RATES_HZ:
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"{rate_hz:g} Hz is no usual rate of a health sensor",
            advice=f"choose the one nearest to the sensor's own: {', '.join(f'{rate:g}' for rate in RATES_HZ)} Hz",
        )
    return Wearable(
        kind=KIND,
        title="Bluetooth Generic Health Sensor",
        gives=Gives.WAVES,
        rate_hz=rate_hz,
        rates_hz=RATES_HZ,
        placed_by="time stamps",
        trust=Trust.UNVERIFIED,
        limits=(
            "Its layout was read in ST's and Philips' code, not in the specification; where they differ, as ST has it.",
            "That samples are signed, and that a time stamp is that of the first one, is unverified.",
            "The rate must be told; ECG that is more than 5 % off it is refused.",
            "Of several leads only the first that comes is taken, and it must be lead I or II in mV or µV.",
            "What the sensor itself calls invalid or not available is left out.",
            "Where time stamps are missing, samples lost on the way are only seen as a silence.",
        ),
        recognised_by=recognise,
        data=LIVE_OBSERVATIONS,
        start=_start,
        stop=_stop,
        decoder=_decoder(rate_hz),
    )
