import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.simulator.script import Script
from ble_gateway.stream import H10Stream, Received
from edge.signal import GapReason
from tests.ble_gateway.plays import BEGIN_S, play
from tests.ble_gateway.strategies import hostile_bytes

CLEAN = play(Script(), duration_s=30)


def _feed(arrivals):
    stream = H10Stream()
    blocks = [block for arrival in arrivals if (block := stream.feed(arrival.received))]
    end_index = blocks[0].first_index
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
    return stream, blocks


def test_a_clean_stream_is_one_row_of_samples():
    stream, blocks = _feed(CLEAN)
    assert (stream.samples_lost, [block for block in blocks if block.gap_before]) == (0, [])
    samples = np.concatenate([block.counts for block in blocks])
    np.testing.assert_array_equal(samples, np.arange(samples.size) % 1000)


def test_microvolts_become_millivolts():
    _, blocks = _feed(CLEAN)
    np.testing.assert_allclose(blocks[0].scale.millivolts(blocks[0].counts), np.arange(73) / 1000)


def test_a_lost_frame_is_a_gap_of_its_samples():
    stream, blocks = _feed(CLEAN[:10] + CLEAN[11:])
    assert (blocks[10].gap_before.n_samples, blocks[10].gap_before.reason) == (73, GapReason.FRAME_LOST)
    assert (stream.samples_lost, stream.samples_received) == (73, 73 * (len(CLEAN) - 1))


@pytest.mark.parametrize("reason", [GapReason.DISCONNECTED, GapReason.QUEUE_OVERFLOW])
def test_a_gap_has_the_reason_the_link_gives(reason):
    stream = H10Stream()
    for arrival in CLEAN[:10]:
        stream.feed(arrival.received)
    block = stream.feed(Received(CLEAN[14].received.data, CLEAN[14].received.arrival_s, reason))
    assert (block.gap_before.n_samples, block.gap_before.reason) == (4 * 73, reason)


def test_a_link_that_breaks_without_costing_a_sample_is_no_gap():
    stream = H10Stream()
    for arrival in CLEAN[:10]:
        stream.feed(arrival.received)
    block = stream.feed(Received(CLEAN[10].received.data, CLEAN[10].received.arrival_s, GapReason.DISCONNECTED))
    assert block.gap_before is None


@given(st.integers(1, 40), hostile_bytes)
def test_a_bad_frame_is_counted_and_its_samples_are_missing(at, bad):
    stream = H10Stream()
    bad = bad[:10]
    for i, arrival in enumerate(CLEAN):
        received = arrival.received
        stream.feed(Received(bad, received.arrival_s) if i == at else received)
    assert (stream.bad_frames, stream.samples_lost) == (1, 73)


def test_a_frame_that_comes_twice_is_dropped_and_counted():
    stream = H10Stream()
    for arrival in CLEAN:
        stream.feed(arrival.received)
        assert stream.feed(arrival.received) is None
    assert (stream.repeated_frames, stream.samples_lost) == (len(CLEAN), 0)


@given(st.lists(st.tuples(hostile_bytes, st.floats(0, 10)), max_size=20))
def test_whatever_arrives_the_blocks_follow_each_other(notifications):
    stream, arrival_s, end_index = H10Stream(), BEGIN_S, 0
    for data, step_s in notifications:
        arrival_s += step_s
        if block := stream.feed(Received(data, arrival_s)):
            block.follows(end_index)
            end_index = block.end_index
    assert stream.samples_received + stream.samples_lost == end_index
