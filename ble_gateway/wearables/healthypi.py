"""HealthyPi Move: the raw ECG of a watch at 128 Hz, int32 after int32, with neither a time nor a count.

Source: ``Protocentral/healthypi-move-fw``, ``app/src/ble_module.c`` and ``data_module.c`` (service, layout, 128 Hz,
advertising; the ECG is also sent, by mistake, on the characteristic of skin conductance), ``max30001_async.c`` (the
converter's 18 bits are sent times 256) and ``nrf5340_cpuapp_common.dtsi`` (``ecg-gain = <2>``). That gain code 2 means
80 V/V, and that the front end gives ``V = n * 1 V / (2^17 * gain)``, is in the MAX30001 data sheet as we remember it.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError
from ble_gateway.wearables.wearable import (
    Advertised,
    Dialogue,
    Event,
    Gives,
    Received,
    Samples,
    Subscribe,
    Trust,
    Unplaced,
    Wearable,
    no_dialogue,
)
from edge.signal import Scale

KIND: Final = "healthypi-move"
NAME: Final = "healthypi move"
RATE_HZ: Final = 128.0
ECG_SERVICE: Final = "00001122-0000-1000-8000-00805f9b34fb"
ECG: Final = "00001424-0000-1000-8000-00805f9b34fb"
"""Notifies: samples."""
SKIN_CONDUCTANCE: Final = "babe4a4c-7789-11ed-a1eb-0242ac120002"
"""Notifies: the same ECG in firmware that has the mistake; never read here."""

_GAIN: Final = 80
_SENT_STEP: Final = 256
MILLIVOLTS_PER_COUNT: Final = 1000.0 / (2**17 * _GAIN * _SENT_STEP)
RAILS: Final = (-(2**17) * _SENT_STEP, (2**17 - 1) * _SENT_STEP)
SCALE: Final = Scale(MILLIVOLTS_PER_COUNT, rails=RAILS)

_SAMPLE_SIZE: Final = 4
MAX_SAMPLES: Final = 125
"""The firmware sends 8 to 16 at a time and has room for 32."""


def decode_ecg(value: bytes) -> NDArray[np.int32]:
    """Read one notification: ``NDArray[int32]``, shape (n_samples,), counts of `SCALE`.

    Raises
    ------
    FrameError
        If it is not 1 to `MAX_SAMPLES` whole samples.
    """
    n_samples, rest = divmod(len(value), _SAMPLE_SIZE)
    if rest or not 1 <= n_samples <= MAX_SAMPLES:
        raise FrameError(f"not 1 to {MAX_SAMPLES} whole samples of {_SAMPLE_SIZE} bytes", value)
    return np.frombuffer(value, "<i4").astype(np.int32)


def encode_ecg(counts: NDArray[np.int32]) -> bytes:
    """Write one notification, as the watch does."""
    return counts.astype("<i4").tobytes()


class HealthyPiDecoder:
    """Reads the ECG characteristic and no other."""

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value."""
        if received.characteristic == ECG:
            yield Samples(decode_ecg(received.data), SCALE, Unplaced())


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the name of the watch; its services are those of any heart rate strap."""
    return advertised.name.lower().startswith(NAME)


def _start() -> Dialogue:
    yield Subscribe(ECG)


def wearable() -> Wearable:
    """Make the only set-up there is."""
    return Wearable(
        kind=KIND,
        title="HealthyPi Move",
        gives=Gives.WAVES,
        rate_hz=RATE_HZ,
        rates_hz=(RATE_HZ,),
        placed_by="arrival times only",
        trust=Trust.UNVERIFIED,
        limits=(
            "It sends neither a time nor a count: samples lost on the way are only seen as a silence.",
            "ECG flows only while a measurement is active on the watch.",
            "The gain is not sent: millivolts assume 80 V/V and the firmware's step of 256, unverified.",
            "The watch turns the lead round by which wrist it is set to: the polarity is unverified.",
        ),
        recognised_by=recognise,
        data=ECG,
        start=_start,
        stop=no_dialogue,
        decoder=HealthyPiDecoder,
        # Someone has to start the measurement on the watch.
        patience_s=60.0,
    )
