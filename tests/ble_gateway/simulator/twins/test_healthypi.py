import numpy as np
import pytest

from ble_gateway.simulator.twins.healthypi import HealthyPiTwin
from ble_gateway.wearables import healthypi
from ble_gateway.wearables.wearable import Advertised, Subscribe, Unplaced
from tests.ble_gateway.simulator.twins.wired import converse, joined, play, through

RAMP = np.arange(-500, 503, dtype=np.int32) * 65_536


def test_a_ramp_comes_through_unchanged_in_packets_of_eight():
    samples = through(HealthyPiTwin(), healthypi.wearable(), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP)
    assert {event.counts.size for event in samples[:-1]} == {8}
    assert {event.position for event in samples} == {Unplaced()}


def test_counts_and_rails_of_the_twin_are_those_of_the_wearable():
    twin, scale = HealthyPiTwin(), healthypi.SCALE
    assert (twin.millivolts_per_count, twin.rails) == (scale.millivolts_per_count, scale.rails)


def test_ecg_on_the_characteristic_of_skin_conductance_is_not_counted_twice():
    def subscribe_to_both():
        yield Subscribe(healthypi.SKIN_CONDUCTANCE)
        yield Subscribe(healthypi.ECG)

    twin = HealthyPiTwin()
    converse(twin, subscribe_to_both())
    sent = play(twin, RAMP[:16])
    assert [s.characteristic == healthypi.ECG for s in sent] == [False, True] * 2
    twin.disconnected()
    np.testing.assert_array_equal(joined(through(twin, healthypi.wearable(), RAMP)), RAMP)


@pytest.mark.parametrize("happens", ["disconnected", "reset"])
def test_nothing_is_sent_before_a_gateway_listens_nor_after_it_is_gone(happens):
    twin = HealthyPiTwin()
    assert (twin.streaming, play(twin, RAMP)) == (False, [])
    assert (twin.read(healthypi.ECG), list(twin.written(healthypi.ECG, b"?"))) == (None, [])
    converse(twin, healthypi.wearable().start())
    assert twin.streaming
    getattr(twin, happens)()
    assert (twin.streaming, play(twin, RAMP), list(twin.ended())) == (False, [], [])


def test_the_twin_is_recognised():
    shown = HealthyPiTwin.advertisement
    assert healthypi.recognise(Advertised(shown.name, frozenset(shown.services)))
