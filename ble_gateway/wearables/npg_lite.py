"""Upside Down Labs NPG-Lite: three biopotential channels with an 8-bit count of samples, of which one is the ECG.

Source: ``upsidedownlabs/Chords-Python``, ``chordspy/chords_ble.py`` (vendor): packets of ten samples, each a counter
byte and three big-endian 16-bit values; a packet of a single sample is read there too. How the stream is stopped, and
how many volts a count is, neither it nor the firmware we have seen says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables.wearable import (
    Advertised,
    Counted,
    Dialogue,
    Event,
    Gives,
    Received,
    Samples,
    Subscribe,
    Trust,
    Wearable,
    Write,
    no_dialogue,
)
from edge.signal import Scale

KIND: Final = "npg-lite"
NAME_PREFIX: Final = "NPG"
"""The only mark: its service and data UUIDs are those of the stock ESP32 example."""
RATES_HZ: Final = (500.0, 512.0)
SERVICE: Final = "4fafc201-1fb5-459e-8fcc-c5c9c331914b"
DATA: Final = "beb5483e-36e1-4688-b7f5-ea07361b26a8"
"""Notifies: packets."""
CONTROL: Final = "0000ff01-0000-1000-8000-00805f9b34fb"
"""Write: `START`."""
START: Final = b"START"

N_CHANNELS: Final = 3
PACKET_SAMPLES: Final = 10
MODULUS: Final = 256
MILLIVOLTS_PER_COUNT: Final = 0.001
"""Not the device's: a count is taken for a microvolt because nobody says what it is."""
SCALE: Final = Scale(MILLIVOLTS_PER_COUNT)

_SAMPLE: Final = np.dtype([("counter", "u1"), ("channels", ">i2", (N_CHANNELS,))])


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One notification.

    Parameters
    ----------
    counters
        ``NDArray[uint8]``, shape (n_samples,), 1 to 10 samples.
    channels
        ``NDArray[int16]``, shape (n_samples, 3), counts.
    """

    counters: NDArray[np.uint8]
    channels: NDArray[np.int16]


def decode_packet(value: bytes) -> Packet:
    """Read one notification.

    Raises
    ------
    FrameError
        If it is not 1 to 10 whole samples.
    """
    n_samples, rest = divmod(len(value), _SAMPLE.itemsize)
    if rest or not 1 <= n_samples <= PACKET_SAMPLES:
        raise FrameError(f"not 1 to {PACKET_SAMPLES} whole samples of {_SAMPLE.itemsize} bytes", value)
    samples = np.frombuffer(value, _SAMPLE)
    return Packet(samples["counter"].astype(np.uint8), samples["channels"].astype(np.int16))


def encode_packet(packet: Packet) -> bytes:
    """Write one notification, as the device does."""
    samples = np.empty(packet.counters.size, _SAMPLE)
    samples["counter"], samples["channels"] = packet.counters, packet.channels
    return samples.tobytes()


class NpgDecoder:
    """Reads one channel; a packet in which the counter jumps is several stretches of samples.

    Parameters
    ----------
    channel
        0 to 2.
    """

    def __init__(self, channel: int) -> None:
        self._channel = channel

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value."""
        if received.characteristic != DATA:
            return
        packet = decode_packet(received.data)
        counts = packet.channels[:, self._channel].astype(np.int32)
        # The difference of bytes wraps as the counter does.
        jumps = np.flatnonzero(np.diff(packet.counters) != 1) + 1
        for first, stretch in zip([0, *jumps], np.split(counts, jumps), strict=True):
            yield Samples(stretch, SCALE, Counted(int(packet.counters[first]), MODULUS))


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises a name of the NPG family."""
    return advertised.name.startswith(NAME_PREFIX)


def _start() -> Dialogue:
    yield Subscribe(DATA)
    yield Write(CONTROL, START)


def _decoder(channel: int) -> Callable[[], NpgDecoder]:
    return lambda: NpgDecoder(channel)


def wearable(rate_hz: float = 500.0, channel: int = 0) -> Wearable:
    """Set it up for the rate that its firmware has, and the channel that the electrodes are on.

    Raises
    ------
    GatewayError
        If there is no such rate or channel.
    """
    if rate_hz not in RATES_HZ or channel not in range(N_CHANNELS):
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"an NPG-Lite has no channel {channel} at {rate_hz:g} Hz",
            advice=f"choose a channel of 0 to {N_CHANNELS - 1} and 500 or 512 Hz, as its firmware has it",
        )
    return Wearable(
        kind=KIND,
        title=f"Upside Down Labs NPG-Lite, channel {channel}",
        gives=Gives.WAVES,
        rate_hz=rate_hz,
        rates_hz=RATES_HZ,
        placed_by="a count of samples",
        trust=Trust.VENDOR,
        limits=(
            "AMPLITUDES ARE NOT CALIBRATED: nobody says what a count is, and it is taken for 1 µV.",
            "The rate is its firmware's: it does not say which of the two it has.",
            "The count wraps after 256 samples: of a loss of half a second or more only the arrival times tell.",
            "How it is told to stop is not known: it is only disconnected.",
        ),
        recognised_by=recognise,
        data=DATA,
        start=_start,
        stop=no_dialogue,
        decoder=_decoder(channel),
    )
