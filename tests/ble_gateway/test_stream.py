from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.simulator.script import Script
from ble_gateway.stream import Stream
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.wearable import Received
from edge.signal import GapReason
from tests.ble_gateway.plays import BEGIN_S, play
from tests.ble_gateway.strategies import hostile_bytes

H10 = polar_h10.wearable()
CLEAN = [arrival.received for arrival in play(Script(), duration_s=30)]
"""Frames of 73 samples, more than half a second each: a block each."""
SHORT = [arrival.received for arrival in play(Script(), duration_s=30, frame_samples=20)]


def _feed(values, wearable=H10):
    stream = Stream(wearable)
    blocks = [block for received in values for block in stream.feed(received)]
    blocks += stream.finish()
    end_index = 0
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
    return stream, blocks


def _vitals(measurement, at):
    return Received(heart_rate.HEART_RATE_MEASUREMENT, heart_rate.encode_heart_rate(measurement), at.arrival_s)


def test_a_clean_stream_is_one_row_of_samples():
    stream, blocks = _feed(CLEAN)
    assert (stream.samples_lost, [block for block in blocks if block.gap_before]) == (0, [])
    samples = np.concatenate([block.counts for block in blocks])
    np.testing.assert_array_equal(samples, np.arange(73 * len(CLEAN)) % 1000)
    assert (stream.frames, stream.samples_received) == (len(CLEAN), samples.size)


def test_microvolts_become_millivolts():
    _, blocks = _feed(CLEAN)
    np.testing.assert_allclose(blocks[0].scale.millivolts(blocks[0].counts), np.arange(73) / 1000)


def test_frames_shorter_than_half_a_second_are_put_together():
    _, blocks = _feed(SHORT)
    assert [block.n_samples for block in blocks] == [80] * 48 + [60]
    np.testing.assert_array_equal(np.concatenate([block.counts for block in blocks]), np.arange(3900) % 1000)


def test_a_block_of_many_frames_has_the_time_of_all_its_samples():
    _, blocks = _feed(SHORT)
    for block in blocks:
        assert block.start_s == pytest.approx(BEGIN_S + block.first_index / 130, abs=1e-6)
        assert block.period_s == pytest.approx(1 / 130, abs=1e-8)


def test_the_stream_gives_nothing_before_half_a_second_and_the_rest_at_its_end():
    stream = Stream(H10)
    assert [stream.feed(received) for received in SHORT[:3]] == [[], [], []]
    (rest,) = stream.finish()
    np.testing.assert_array_equal(rest.counts, np.arange(60))
    assert stream.finish() == []


def test_a_lost_frame_is_a_gap_of_its_samples():
    stream, blocks = _feed(CLEAN[:10] + CLEAN[11:])
    assert (blocks[10].gap_before.n_samples, blocks[10].gap_before.reason) == (73, GapReason.FRAME_LOST)
    assert (stream.samples_lost, stream.samples_received) == (73, 73 * (len(CLEAN) - 1))


def test_no_block_reaches_over_a_gap():
    _, blocks = _feed(SHORT[:6] + SHORT[7:])
    assert [(block.first_index, block.n_samples) for block in blocks[:4]] == [(0, 80), (80, 40), (140, 80), (220, 80)]
    assert blocks[2].gap_before.n_samples == 20


@pytest.mark.parametrize("reason", [GapReason.DISCONNECTED, GapReason.QUEUE_OVERFLOW])
def test_a_gap_has_the_reason_the_link_gives(reason):
    stream, blocks = _feed([*CLEAN[:10], replace(CLEAN[14], after=reason)])
    assert (blocks[-1].gap_before.n_samples, blocks[-1].gap_before.reason) == (4 * 73, reason)
    assert stream.lost == {reason: 4 * 73}


def test_the_reason_that_a_value_without_samples_brought_is_not_forgotten():
    contact = heart_rate.HeartRateMeasurement(60, contact=True)
    vitals = replace(_vitals(contact, CLEAN[14]), after=GapReason.QUEUE_OVERFLOW)
    _, blocks = _feed([*CLEAN[:10], vitals, *CLEAN[14:]])
    assert [block.gap_before.reason for block in blocks if block.gap_before] == [GapReason.QUEUE_OVERFLOW]


def test_of_two_reasons_the_graver_one_is_told():
    overflow = replace(_vitals(heart_rate.HeartRateMeasurement(60), CLEAN[14]), after=GapReason.QUEUE_OVERFLOW)
    _, blocks = _feed([*CLEAN[:10], overflow, replace(CLEAN[14], after=GapReason.DISCONNECTED)])
    assert blocks[-1].gap_before.reason is GapReason.DISCONNECTED


def test_a_link_that_breaks_without_costing_a_sample_is_no_gap():
    stream, blocks = _feed([*CLEAN[:10], replace(CLEAN[10], after=GapReason.DISCONNECTED), *CLEAN[11:]])
    assert [block for block in blocks if block.gap_before] == []
    assert stream.samples_lost == 0


@given(st.integers(1, 40), hostile_bytes)
def test_a_bad_frame_is_counted_and_its_samples_are_missing(at, bad):
    stream, _ = _feed([*CLEAN[:at], replace(CLEAN[at], data=bad[:10]), *CLEAN[at + 1 :]])
    assert (stream.bad_frames, stream.samples_lost) == (1, 73)


@pytest.mark.parametrize("characteristic", [heart_rate.HEART_RATE_MEASUREMENT, heart_rate.BATTERY_LEVEL])
def test_vitals_that_cannot_be_read_are_counted_and_cost_no_sample(characteristic):
    stream, _ = _feed([*CLEAN[:9], Received(characteristic, b"", CLEAN[9].arrival_s), *CLEAN[9:]])
    assert (stream.bad_frames, stream.samples_lost) == (1, 0)


def test_a_frame_that_comes_twice_is_dropped_and_counted():
    stream, blocks = _feed([received for received in CLEAN for _ in range(2)])
    assert (stream.stale_frames, stream.samples_lost) == (len(CLEAN), 0)
    assert sum(block.n_samples for block in blocks) == 73 * len(CLEAN)


def test_contact_is_what_the_wearable_said_last_and_cuts_blocks_where_it_changes():
    on, off = (heart_rate.HeartRateMeasurement(60, contact=contact) for contact in (True, False))
    stream, blocks = _feed([*SHORT[:5], _vitals(on, SHORT[5]), *SHORT[5:10], _vitals(off, SHORT[10]), *SHORT[10:14]])
    said = [(block.contact, block.n_samples) for block in blocks]
    assert said == [(None, 80), (None, 20), (True, 80), (True, 20), (False, 80)]
    assert stream.heart.bpm == 60


def test_the_wearables_charge_is_kept():
    stream, _ = _feed([Received(heart_rate.BATTERY_LEVEL, b"\x57", BEGIN_S)])
    assert stream.battery_percent == 87


def test_a_stream_that_the_wearable_ends_is_counted():
    word = pmd.encode_control(pmd.Stopped((pmd.Measurement.ECG,)))
    stream, blocks = _feed([*CLEAN[:5], Received(pmd.PMD_CONTROL_POINT, word, CLEAN[5].arrival_s)])
    assert (stream.ended, stream.bad_frames, len(blocks)) == (1, 0, 5)


@given(st.lists(st.tuples(st.sampled_from(["data", "control", "heart"]), hostile_bytes, st.floats(0, 10)), max_size=20))
def test_whatever_arrives_the_blocks_follow_each_other(notifications):
    characteristics = {
        "data": pmd.PMD_DATA,
        "control": pmd.PMD_CONTROL_POINT,
        "heart": heart_rate.HEART_RATE_MEASUREMENT,
    }
    values, arrival_s = [], BEGIN_S
    for characteristic, data, step_s in notifications:
        arrival_s += step_s
        values.append(Received(characteristics[characteristic], data, arrival_s))
    stream, blocks = _feed(values)
    end_index = blocks[-1].end_index if blocks else 0
    assert stream.samples_received + stream.samples_lost == end_index
