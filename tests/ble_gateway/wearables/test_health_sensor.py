from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import health_sensor
from ble_gateway.wearables.health_observation import (
    ElapsedTime,
    HeartRate,
    ObservationType,
    SampleArray,
    Unit,
    encode_observation,
    segments,
)
from ble_gateway.wearables.wearable import Advertised, Ask, Beats, Received, Subscribe, Timed, Unplaced, Write

ARRAY = SampleArray(
    lead=ObservationType.ECG_LEAD_I,
    time=ElapsedTime(10_000, 0x2D),
    unit=Unit.MILLIVOLT,
    scale=Decimal("0.005"),
    offset=Decimal(-1),
    period_s=Decimal("0.004"),
    samples=np.array([0, 200, 400, 500, 600], np.int32),
)


def received(value):
    return Received(health_sensor.LIVE_OBSERVATIONS, value, 0.0)


def events_of(*observations, decoder=None):
    decoder = decoder or health_sensor.wearable().decoder()
    return [
        event
        for observation in observations
        for part in segments(encode_observation(observation), 0, 20)
        for event in decoder.feed(received(part))
    ]


def test_samples_become_millivolts_by_scale_offset_and_unit():
    millivolts, microvolts = events_of(ARRAY, replace(ARRAY, unit=Unit.MICROVOLT))
    expected = np.array([-1.0, 0.0, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(millivolts.scale.millivolts(millivolts.counts), expected)
    np.testing.assert_allclose(microvolts.scale.millivolts(microvolts.counts), expected / 1000)


def test_the_last_sample_is_as_much_later_than_the_time_stamp_as_there_are_samples():
    (event,) = events_of(ARRAY)
    assert event.position == Timed(1_000_000_000 + 4 * 4_000_000, resolution_ns=100_000)


def test_without_a_time_stamp_only_the_arrival_tells():
    (event,) = events_of(replace(ARRAY, time=None))
    assert event.position == Unplaced()


def test_a_heart_rate_is_beats():
    assert events_of(HeartRate(Decimal("58.7"))) == [Beats(59)]


def test_other_observations_say_nothing():
    (part,) = segments(bytes.fromhex("03 07 00 00 00 03 00") + b"Man", 0, 20)
    assert list(health_sensor.wearable().decoder().feed(received(part))) == []


def test_of_several_leads_only_the_first_is_taken():
    second = replace(ARRAY, lead=ObservationType.ECG_LEAD_II, samples=-ARRAY.samples)
    taken = events_of(second, ARRAY, second, ARRAY)
    assert [event.counts.tolist() for event in taken] == [second.samples.tolist()] * 2


@pytest.mark.parametrize(
    ("period_s", "per_period", "fits"),
    [
        ("0.004", 1, True),
        ("0.0042", 1, True),
        ("0.0043", 1, False),
        ("1", 250, True),
        ("1", 200, False),
        ("1e-128", 255, False),
    ],
)
def test_ecg_at_another_rate_is_refused_and_what_follows_is_read(period_s, per_period, fits):
    decoder = health_sensor.wearable(250.0).decoder()
    array = replace(ARRAY, period_s=Decimal(period_s), samples_per_period=per_period)
    if fits:
        assert len(events_of(array, decoder=decoder)) == 1
    else:
        with pytest.raises(FrameError, match="not at 250 Hz"):
            events_of(array, decoder=decoder)
    assert len(events_of(ARRAY, decoder=decoder)) == 1


@given(st.integers(2, 244))
def test_samples_are_the_same_however_they_are_cut(size):
    decoder = health_sensor.wearable().decoder()
    parts = segments(encode_observation(ARRAY), 63, size)
    (event,) = [event for part in parts for event in decoder.feed(received(part))]
    np.testing.assert_array_equal(event.counts, ARRAY.samples)


@given(st.lists(st.binary(max_size=60) | st.sampled_from(segments(encode_observation(ARRAY), 0, 30)), max_size=8))
def test_any_bytes_are_read_or_refused_and_it_can_be_fed_on(values):
    decoder = health_sensor.wearable().decoder()
    for value in values:
        with suppress(FrameError):
            list(decoder.feed(received(value)))
    # What is left unfinished is complained of after the first of these.
    with suppress(FrameError):
        events_of(HeartRate(Decimal(60)), decoder=decoder)
    assert events_of(HeartRate(Decimal(61)), decoder=decoder) == [Beats(61)]


def test_other_characteristics_say_nothing():
    answer = Received(health_sensor.CONTROL_POINT, health_sensor.DONE, 0.0)
    assert list(health_sensor.wearable().decoder().feed(answer)) == []


def test_it_subscribes_before_it_starts_and_stops_by_command():
    wearable = health_sensor.wearable()
    start = wearable.start()
    steps = [next(start), next(start), next(start)]
    assert steps[:2] == [Subscribe(health_sensor.CONTROL_POINT), Subscribe(health_sensor.LIVE_OBSERVATIONS)]
    assert isinstance(steps[2], Ask)
    assert steps[2].write == Write(health_sensor.CONTROL_POINT, b"\x01")
    with pytest.raises(StopIteration):
        start.send(b"\x80")
    assert list(wearable.stop()) == [Write(health_sensor.CONTROL_POINT, b"\x02")]


@pytest.mark.parametrize("answer", [b"\x70", b"", None])
def test_a_sensor_that_does_not_start_has_refused(answer):
    start = health_sensor.wearable().start()
    for _ in range(3):
        next(start)
    with pytest.raises(GatewayError, match="does not start") as refusal:
        start.send(answer)
    assert refusal.value.fault is GatewayFault.REFUSED


def test_a_rate_that_is_not_offered_is_refused():
    assert health_sensor.wearable(512.0).rate_hz in health_sensor.wearable().rates_hz
    with pytest.raises(GatewayError) as refusal:
        health_sensor.wearable(251.0)
    assert refusal.value.fault is GatewayFault.BAD_REQUEST


def test_it_is_told_by_its_service():
    assert health_sensor.recognise(Advertised("", frozenset({health_sensor.SERVICE})))
    assert not health_sensor.recognise(Advertised("Health Sensor"))


@pytest.mark.parametrize("says", ["not in the specification", "is unverified", "more than 5 %"])
def test_what_is_unverified_is_said(says):
    assert any(says in limit for limit in health_sensor.wearable().limits)
