import numpy as np
import pytest

from ble_gateway.simulator.twins.npg_lite import NpgLiteTwin
from ble_gateway.wearables import npg_lite
from ble_gateway.wearables.wearable import Advertised, Counted
from tests.ble_gateway.simulator.twins.wired import converse, decode, joined, play, through

RAMP = np.arange(-1000, 1003, dtype=np.int32)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_ramp_comes_through_unchanged_and_counted(channel):
    samples = through(NpgLiteTwin(channel=channel), npg_lite.wearable(channel=channel), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP)
    assert [event.position for event in samples] == [Counted(first % 256, 256) for first in range(0, RAMP.size, 10)]


def test_the_other_channels_are_flat():
    samples = through(NpgLiteTwin(channel=1), npg_lite.wearable(channel=0), RAMP)
    assert not joined(samples).any()


@pytest.mark.parametrize("happens", ["disconnected", "reset"])
def test_it_waits_for_the_command_and_stops_when_the_gateway_is_gone(happens):
    twin = NpgLiteTwin(512.0)
    list(twin.subscribed(npg_lite.DATA))
    list(twin.written(npg_lite.CONTROL, b"STOP"))
    assert (twin.streaming, play(twin, RAMP), twin.read(npg_lite.DATA)) == (False, [], None)
    converse(twin, npg_lite.wearable(512.0).start())
    assert twin.streaming
    getattr(twin, happens)()
    assert (twin.streaming, play(twin, RAMP), list(twin.ended())) == (False, [], [])


def test_a_lost_packet_leaves_its_ten_samples_out_of_the_count():
    twin, wearable = NpgLiteTwin(), npg_lite.wearable()
    converse(twin, wearable.start())
    sent = play(twin, RAMP)
    before, after = decode(wearable.decoder(), sent[:1] + sent[2:])[:2]
    assert (before.position, after.position) == (Counted(0, 256), Counted(20, 256))


def test_the_twin_is_recognised():
    assert npg_lite.recognise(Advertised(NpgLiteTwin.advertisement.name))
