"""Polar H10: 130 Hz ECG through Polar's measurement data service; its frames say when their last sample was taken.

Source: Polar BLE SDK, ``technical_documentation/online_measurement.pdf`` v1.0, ``H10_ECG_Explained.docx`` and
``documentation/KnownIssues.md``: a strap that is not told to stop stays on until its battery is empty.
"""

from collections.abc import Generator, Iterator
from typing import Final

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Dialogue,
    Ended,
    Event,
    Gives,
    Read,
    Received,
    Samples,
    Step,
    Subscribe,
    Timed,
    Trust,
    Wearable,
    Write,
)
from edge.signal import Scale

KIND: Final = "polar-h10"
NAME_PREFIX: Final = "Polar H10"
SCALE: Final = Scale(pmd.MILLIVOLTS_PER_COUNT, rails=pmd.RAILS_MICROVOLTS)
_FIRST_FRAME_S: Final = 45.0
"""A strap may take 30 s from the start command to the first frame (bleakheart, issue 1)."""


class H10Decoder:
    """Reads the data characteristic; answers on the control point concern only the dialogue."""

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value."""
        if received.characteristic == pmd.PMD_DATA:
            frame = pmd.decode_ecg(received.data)
            yield Samples(frame.microvolts, SCALE, Timed(frame.timestamp_ns))
        elif received.characteristic == pmd.PMD_CONTROL_POINT and received.data[:1] != pmd.FEATURES_MARK:
            match pmd.decode_control(received.data):
                case pmd.Stopped(measurements) if pmd.Measurement.ECG in measurements:
                    yield Ended()


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the name of an H10."""
    return advertised.name.startswith(NAME_PREFIX)


def _start() -> Dialogue:
    features = yield Read(pmd.PMD_CONTROL_POINT)
    if features is None or pmd.Feature.ECG not in pmd.decode_features(features):
        raise GatewayError(
            GatewayFault.REFUSED,
            "it offers no ECG",
            advice="check that it is a Polar H10; other straps send only the heart rate",
        )
    yield Subscribe(pmd.PMD_CONTROL_POINT)
    yield Subscribe(pmd.PMD_DATA)
    offered = yield from _command(pmd.ask_settings())
    answer = yield from _command(pmd.start_ecg(_chosen(offered)))
    if answer.status not in {pmd.Status.OK, pmd.Status.ALREADY_IN_STATE}:
        raise GatewayError(
            GatewayFault.REFUSED,
            f"it does not start the ECG ({answer.status.name.lower().replace('_', ' ')})",
            advice="take it off the strap for a minute, so that it starts anew, and wear it again",
        )


def _chosen(offered: pmd.Response) -> pmd.Settings:
    """Of the settings that the strap offers, the one that this gateway reads; the usual ones where it offers none."""
    if offered.status is not pmd.Status.OK or offered.more:
        return pmd.ECG_SETTINGS
    settings = pmd.decode_settings(offered.parameters)
    if settings.rates_hz and int(pmd.RATE_HZ) not in settings.rates_hz:
        rates = ", ".join(f"{rate} Hz" for rate in settings.rates_hz)
        raise GatewayError(
            GatewayFault.REFUSED,
            f"it offers ECG at {rates}, not at {pmd.RATE_HZ:g} Hz",
            advice="check that it is a Polar H10, and update its firmware",
        )
    bits = settings.resolutions_bits
    return pmd.Settings(
        rates_hz=(int(pmd.RATE_HZ),),
        resolutions_bits=(pmd.RESOLUTION_BITS if pmd.RESOLUTION_BITS in bits or not bits else max(bits),),
    )


def _stop() -> Dialogue:
    yield Write(pmd.PMD_CONTROL_POINT, pmd.stop_ecg())


def _command(command: bytes) -> Generator[Step, bytes | None, pmd.Response]:
    """Write a command; the answer to it."""

    def answers(packet: bytes) -> bool:
        return packet[:2] == bytes([pmd.RESPONSE_MARK, command[0]])

    packet = yield Ask(Write(pmd.PMD_CONTROL_POINT, command), pmd.PMD_CONTROL_POINT, answers)
    return pmd.decode_response(packet or b"")


def wearable() -> Wearable:
    """Make the only set-up there is."""
    return Wearable(
        kind=KIND,
        title="Polar H10",
        gives=Gives.WAVES,
        rate_hz=pmd.RATE_HZ,
        rates_hz=(pmd.RATE_HZ,),
        placed_by="time stamps",
        trust=Trust.VENDOR,
        limits=(
            "Its rate is 130 Hz within 2 % at 20 to 40 °C; the first frame may take 30 s.",
            "It must be worn and wet to wake, and goes to sleep 45 s after it is taken off.",
        ),
        recognised_by=recognise,
        data=pmd.PMD_DATA,
        start=_start,
        stop=_stop,
        decoder=H10Decoder,
        patience_s=_FIRST_FRAME_S,
    )
