import numpy as np
import pytest

from ble_gateway.errors import FrameError
from ble_gateway.simulator.twins.health_sensor import HealthSensorTwin
from ble_gateway.wearables import health_sensor
from ble_gateway.wearables.wearable import Advertised, Write
from tests.ble_gateway.simulator.twins.wired import converse, decode, frames, joined, play, through

RAMP = np.arange(-1000, 1003, dtype=np.int32)


@pytest.mark.parametrize("rate_hz", health_sensor.RATES_HZ)
def test_a_ramp_comes_through_unchanged_at_every_rate(rate_hz):
    twin = HealthSensorTwin(rate_hz)
    samples = through(twin, health_sensor.wearable(rate_hz), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP)
    assert samples[0].scale.millivolts(samples[0].counts) == pytest.approx(
        samples[0].counts * twin.millivolts_per_count
    )


def test_time_stamps_are_those_of_the_last_sample_within_their_resolution():
    twin = HealthSensorTwin(128.0)
    samples = through(twin, health_sensor.wearable(128.0), RAMP)
    stamps_ns = np.array([event.position.last_ns for event in samples])
    taken_ns = np.array([taken.last_ns for taken in frames(twin, RAMP)])
    assert np.abs(stamps_ns - taken_ns).max() <= samples[0].position.resolution_ns


def test_an_observation_takes_several_notifications_that_a_link_carries():
    twin = HealthSensorTwin()
    converse(twin, health_sensor.wearable().start())
    sent = play(twin, RAMP[: twin.frame_samples])
    assert len(sent) == 2
    assert max(len(s.value) for s in sent) <= 244


def test_a_lost_segment_costs_its_observation_and_no_other():
    twin, wearable = HealthSensorTwin(), health_sensor.wearable()
    converse(twin, wearable.start())
    n = twin.frame_samples
    begun, ended, begun_only, _, begun_next, ended_next = play(twin, RAMP[: 3 * n])
    decoder = wearable.decoder()
    before = decode(decoder, [begun, ended, begun_only])
    with pytest.raises(FrameError, match="whose end never came"):
        decode(decoder, [begun_next])
    after = decode(decoder, [ended_next])
    np.testing.assert_array_equal(joined(before), RAMP[:n])
    np.testing.assert_array_equal(joined(after), RAMP[2 * n : 3 * n])


def test_it_starts_and_stops_as_the_control_point_says():
    twin, wearable = HealthSensorTwin(), health_sensor.wearable()
    assert (twin.streaming, play(twin, RAMP), twin.read(health_sensor.CONTROL_POINT)) == (False, [], None)
    converse(twin, wearable.start())
    assert twin.streaming
    (refusal,) = twin.written(health_sensor.CONTROL_POINT, b"\x09")
    assert (refusal.value, twin.streaming) == (b"\x70", True)
    converse(twin, wearable.stop())
    assert (twin.streaming, play(twin, RAMP), list(twin.ended())) == (False, [], [])


@pytest.mark.parametrize("happens", ["disconnected", "reset"])
def test_the_stream_ends_with_the_connection(happens):
    twin = HealthSensorTwin()
    converse(twin, health_sensor.wearable().start())
    getattr(twin, happens)()
    assert not twin.streaming


def test_a_command_written_elsewhere_is_none():
    twin = HealthSensorTwin()
    step = Write(health_sensor.LIVE_OBSERVATIONS, health_sensor.START)
    assert (list(twin.written(step.characteristic, step.data)), twin.streaming) == ([], False)


def test_the_twin_is_recognised():
    shown = HealthSensorTwin.advertisement
    assert health_sensor.recognise(Advertised(shown.name, frozenset(shown.services)))
