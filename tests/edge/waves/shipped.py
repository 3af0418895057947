"""The waves pack that ships and its reader, opened once."""

from functools import cache

from edge.pack import SHIPPED_WAVES, WavesPack, read_waves_pack
from edge.waves.reader import WaveReader, open_reader
from edge.waves.reading import WindowReading
from tests.edge.signals import window


@cache
def shipped() -> WavesPack:
    return read_waves_pack(SHIPPED_WAVES)


@cache
def reader() -> WaveReader:
    return open_reader()


def read(millivolts, rate_hz=500.0, **facts) -> WindowReading:
    """A window as the shipped pack reads it."""
    return reader().read_window(window(millivolts, rate_hz=rate_hz, **facts))
