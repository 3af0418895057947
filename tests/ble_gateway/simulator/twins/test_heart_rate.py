import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.beat_stream import BeatStream
from ble_gateway.simulator.twin import Sent, Taken
from ble_gateway.simulator.twins.heart_rate import BODY_SENSOR_LOCATION, HeartRateTwin
from ble_gateway.wearables import heart_rate as hr
from ble_gateway.wearables.wearable import Advertised, Beats, Charge, Received
from edge.rhythm import RhythmLoop, measure_rhythm
from tests.ble_gateway.simulator.twins.wired import converse, play

TICK_S = 1 / 1024
hearts = st.lists(st.floats(0.2, 3.0), min_size=1, max_size=60)


def heard(twin, seconds):
    """What the twin says of the heart while it takes so many seconds."""
    sent = play(twin, np.zeros(seconds * twin.frame_samples, np.int32))
    return [event for s in sent for event in hr.decode_vitals(Received(s.characteristic, s.value, 0.0))]


def started(rr_s):
    twin = HeartRateTwin(iter(rr_s))
    converse(twin, hr.wearable().start())
    return twin


@given(hearts)
def test_the_intervals_come_through_to_a_tick(rr_s):
    said = [rr for beats in heard(started(rr_s), int(sum(rr_s)) + 2) for rr in beats.rr_s]
    assert len(said) == len(rr_s)
    assert np.abs(np.array(said) - rr_s).max() <= TICK_S


@given(hearts)
def test_what_is_rounded_does_not_add_up(rr_s):
    said = [rr for beats in heard(started(rr_s), int(sum(rr_s)) + 2) for rr in beats.rr_s]
    assert np.abs(np.cumsum(said) - np.cumsum(rr_s)).max() <= TICK_S / 2 + 1e-9


def test_it_sends_a_measurement_a_second_beats_or_not():
    said = heard(started([2.5, 0.75, 0.25]), 5)
    assert said == [
        Beats(0, (), contact=True),
        Beats(0, (), contact=True),
        Beats(24, (2.5,), contact=True),
        Beats(51, (0.75, 0.25), contact=True),
        Beats(51, (), contact=True),
    ]


def test_it_sends_nothing_until_someone_listens_and_what_ended_before_is_lost():
    twin = HeartRateTwin(itertools.repeat(0.5))
    counts = np.zeros(125, np.int32)
    assert list(twin.taken(Taken(counts, 0, 992_000_000))) == []
    assert twin.streaming is False
    converse(twin, hr.wearable().start())
    assert twin.streaming is True
    [sent] = twin.taken(Taken(counts, 125, 1_992_000_000))
    assert hr.decode_heart_rate(sent.value).rr_s == (0.5, 0.5)


def test_it_sends_nothing_once_the_gateway_is_gone():
    twin = started([0.5] * 9)
    twin.disconnected()
    assert (heard(twin, 3), twin.streaming) == ([], False)


def test_a_strap_that_was_reset_counts_time_from_0_again():
    twin = started([0.75] * 40)
    heard(twin, 10)
    twin.reset()
    assert twin.streaming is False
    converse(twin, hr.wearable().start())
    assert [rr for beats in heard(twin, 4) for rr in beats.rr_s] == [0.75] * 5


def test_it_tells_its_charge_to_whoever_asks():
    twin = HeartRateTwin(iter([]))
    sent = list(twin.subscribed(hr.BATTERY_LEVEL))
    assert sent == [Sent(hr.BATTERY_LEVEL, b"\x57")]
    assert list(hr.decode_vitals(Received(hr.BATTERY_LEVEL, sent[0].value, 0.0))) == [Charge(87)]


def test_it_is_recognised_by_what_it_advertises():
    said = HeartRateTwin(iter([])).advertisement
    assert hr.wearable().recognised_by(Advertised(said.name, frozenset(said.services)))


def test_it_answers_no_write_and_says_nothing_at_the_end():
    twin = HeartRateTwin(iter([]))
    assert (list(twin.written(hr.HEART_RATE_MEASUREMENT, b"\x01")), list(twin.ended())) == ([], [])


@pytest.mark.parametrize("rr_s", [0.19, 60.5, float("nan")])
def test_what_a_strap_cannot_tell_is_not_played(rr_s):
    with pytest.raises(ValueError, match=r"0\.2 to 60 s"):
        HeartRateTwin(iter([rr_s]))


def test_what_it_sends_becomes_the_rhythm_of_the_intervals_it_plays():
    rr_s = np.random.default_rng(5).uniform(0.75, 0.85, 160)
    stream, loop, outcomes = BeatStream(), RhythmLoop(), []
    for second, beats in enumerate(heard(started(rr_s), 125)):
        block = stream.feed(beats, 1.7e9 + second)
        outcomes += loop.push(block) if block else ()
    said, truth = outcomes[0], measure_rhythm(rr_s[: outcomes[0].span.n_samples], outcomes[0].span)
    assert len(outcomes) == 2
    assert said.rmssd_ms == pytest.approx(truth.rmssd_ms, abs=0.5)
    assert said.sdnn_ms == pytest.approx(truth.sdnn_ms, abs=0.5)
    assert said.heart_rate.bpm == pytest.approx(truth.heart_rate.bpm, abs=0.01)


def test_it_is_worn_on_the_chest_and_reads_as_it_is_offered():
    twin = HeartRateTwin(iter([]))
    offered = {c.uuid: c.value for service in twin.services for c in service.characteristics}
    assert (offered[BODY_SENSOR_LOCATION], twin.read(BODY_SENSOR_LOCATION)) == (b"\x01", None)
