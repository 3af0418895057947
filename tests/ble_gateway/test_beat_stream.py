from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.beat_stream import CATCH_UP_S, LATE_S, BeatStream
from ble_gateway.wearables.wearable import Beats
from edge.signal import Gap, GapReason

BEGAN_S = 1_700_000_000.0


def reports(rr_s, *, until_s=None):
    """What a strap says each second of a heart whose first beat is at 0 s: (time, intervals that have ended)."""
    beats_s = list(accumulate(rr_s))
    until_s = until_s or int(beats_s[-1]) + 1
    return [
        (float(second), tuple(rr for rr, at in zip(rr_s, beats_s, strict=True) if second - 1 < at <= second))
        for second in range(1, int(until_s) + 1)
    ]


def told(said, stream=None, **kwargs):
    """Blocks of what arrives: (seconds after the beginning, intervals[, after])."""
    stream = stream or BeatStream()
    blocks = [stream.feed(Beats(70, rr_s, **kwargs), BEGAN_S + at_s, *after) for at_s, rr_s, *after in said]
    return [block for block in [*blocks, stream.finish()] if block]


def joined(blocks):
    return np.concatenate([block.rr_s for block in blocks]).tolist()


def gaps(blocks):
    return [(block.gap_before.reason, block.gap_before_s) for block in blocks if block.gap_before]


def beat_times_s(blocks):
    """Times of the beats that end the intervals, s after the beginning."""
    return np.concatenate([block.start_s + np.cumsum(block.rr_s) for block in blocks]) - BEGAN_S


def rhythm(n=300, seed=0):
    return np.random.default_rng(seed).uniform(0.6, 1.1, n).tolist()


def test_intervals_come_through_in_order_and_without_a_gap():
    rr_s = rhythm()
    blocks = told(reports(rr_s))
    assert (joined(blocks), gaps(blocks)) == (rr_s, [])
    assert [b.first_index for b in blocks[1:]] == [b.end_index for b in blocks[:-1]]


def test_beats_are_placed_within_a_tenth_of_a_second_after_a_minute():
    rr_s = rhythm()
    error_s = beat_times_s(told(reports(rr_s))) - np.cumsum(rr_s)
    assert np.abs(error_s[100:]).max() < 0.1


def test_the_true_time_lies_within_the_stated_uncertainty():
    covered = 0
    for seed in range(40):
        rr_s = rhythm(60, seed)
        blocks = told(reports(rr_s))
        truth_s = np.concatenate([[0.0], np.cumsum(rr_s)])
        covered += sum(
            abs(b.start_s - BEGAN_S - truth_s[b.first_index]) < 3 * b.time_uncertainty_s for b in blocks
        ) / len(blocks)
    assert covered / 40 > 0.95


@given(st.lists(st.floats(0.3, 2.0), min_size=1, max_size=80), st.integers(0, 2**32 - 1))
def test_beats_never_go_back_in_time(rr_s, seed):
    delay_s = np.random.default_rng(seed).exponential(0.3, 200)
    arrivals_s = np.maximum.accumulate([at_s + delay_s[i] for i, (at_s, _) in enumerate(reports(rr_s))])
    blocks = told(zip(arrivals_s, (said for _, said in reports(rr_s)), strict=True))
    assert (np.diff(beat_times_s(blocks)) > 0).all()


def test_what_is_held_up_and_comes_at_once_is_no_gap():
    rr_s = rhythm()
    held = [(20.2 if 10 < at_s < 20 else at_s, said) for at_s, said in reports(rr_s)]
    blocks = told(held)
    assert (joined(blocks), gaps(blocks)) == (rr_s, [])


@pytest.mark.parametrize("missing_s", [4, 7, 60, 3600])
def test_measurements_that_never_came_are_a_gap_as_long_as_they_took(missing_s):
    rr_s = rhythm(150) + [0.8] * (missing_s * 2)
    said = [(at_s, beats) for at_s, beats in reports(rr_s) if not 60 < at_s <= 60 + missing_s]
    blocks = told(said)
    [(reason, gap_s)] = gaps(blocks)
    assert reason is GapReason.INFERRED
    assert missing_s - 1.5 < gap_s < missing_s + 1.5
    assert joined(blocks) == [rr for _, beats in said for rr in beats]


def test_the_gap_stands_where_the_measurements_are_missing():
    said = [(at_s, beats) for at_s, beats in reports([1.0] * 60) if not 20 < at_s <= 30]
    [before, behind] = np.split(np.array([len(b.rr_s) for b in told(said)]), [20])
    assert (before.sum(), behind.sum()) == (20, 30)
    blocks = told(said)
    assert [b.gap_before for b in blocks if b.gap_before] == [Gap(20, 10, GapReason.INFERRED)]
    assert blocks[-1].end_index == 60


def test_times_go_on_behind_a_gap():
    rr_s = rhythm(200)
    said = [(at_s, beats) for at_s, beats in reports(rr_s) if not 60 < at_s <= 75]
    beats_s = np.cumsum(rr_s)
    kept_s = beats_s[~((beats_s > 60) & (beats_s <= 75))]
    assert np.abs(beat_times_s(told(said)) - kept_s)[-20:].max() < 0.15


def test_a_strap_that_finds_no_beats_leaves_a_gap_that_says_so():
    said = [(at_s, () if 20 < at_s <= 30 else beats) for at_s, beats in reports([0.8] * 75)]
    [(reason, gap_s)] = gaps(told(said))
    assert reason is GapReason.INVALID_SAMPLES
    assert 9 < gap_s < 11.5


def test_a_slow_heart_is_no_gap():
    rr_s = [1.9] * 40
    assert gaps(told(reports(rr_s))) == []


@pytest.mark.parametrize("reason", [GapReason.DISCONNECTED, GapReason.QUEUE_OVERFLOW])
def test_after_a_break_there_is_always_a_gap_with_its_reason(reason):
    said = reports([0.8] * 60)
    blocks = told([*said[:20], (*said[20], reason), *said[21:]])
    [(why, gap_s)] = gaps(blocks)
    assert why is reason
    assert 0 < gap_s < 1.0


def test_a_break_that_a_measurement_without_intervals_tells_of_is_kept_for_the_next():
    said = reports([0.8] * 60)
    blocks = told([*said[:20], (20.5, (), GapReason.DISCONNECTED), *said[20:]])
    assert [why for why, _ in gaps(blocks)] == [GapReason.DISCONNECTED]


def test_what_waited_when_the_link_broke_lies_before_the_break():
    said = reports([0.8] * 100)
    blocks = told([*said[:20], said[30], said[31], (*said[50], GapReason.DISCONNECTED), *said[51:]])
    (first, first_s), (second, second_s) = gaps(blocks)
    assert (first, second) == (GapReason.INFERRED, GapReason.DISCONNECTED)
    assert 9 < first_s < 11.5
    assert 17 < second_s < 19.5


def test_a_break_before_the_first_measurement_is_no_gap():
    assert gaps(told([(1.0, (0.8,), GapReason.DISCONNECTED), (2.0, (0.8,))])) == []


def test_intervals_that_last_longer_than_the_time_that_passed_begin_anew():
    blocks = told([*reports([0.8] * 20), (17.0, (60.0, 0.8)), (18.0, (0.8,)), (19.0, (0.8,))])
    [(why, gap_s)] = gaps(blocks)
    assert why is GapReason.DEVICE_RESET
    assert gap_s == pytest.approx(1 / 1024, abs=1e-6)
    assert (np.diff(beat_times_s(blocks)) > 0).all()


def test_intervals_of_nothing_are_dropped_and_counted():
    stream = BeatStream()
    assert joined(told([(1.0, (0.8, 0.0)), (2.0, (0.0,)), (3.0, (0.9,))], stream)) == [0.8, 0.9]
    assert stream.empty_intervals == 2


def test_a_strap_that_sends_no_intervals_gives_no_blocks():
    assert told([(float(i), ()) for i in range(60)]) == []


@pytest.mark.parametrize("contact", [None, False, True])
def test_a_block_says_what_the_strap_said_of_its_electrodes(contact):
    assert [b.contact for b in told(reports([0.8] * 3), contact=contact)] == [contact] * 3


def test_a_block_of_several_measurements_has_contact_only_where_none_denies_it():
    stream = BeatStream()
    told([(float(i), (1.0,)) for i in range(1, 9)], stream)
    for at_s, contact in [(15.0, True), (15.1, False), (15.2, None)]:
        assert stream.feed(Beats(60, (1.0,), contact), BEGAN_S + at_s) is None
    assert stream.finish().contact is False


def test_nothing_is_held_longer_than_it_takes_to_catch_up():
    stream = BeatStream()
    told([(float(i), (1.0,)) for i in range(1, 9)], stream)
    late_s = 9.0 + LATE_S
    assert stream.feed(Beats(60, (1.0,)), BEGAN_S + late_s + 0.1) is None
    released = stream.feed(Beats(60, (1.0,)), BEGAN_S + late_s + 0.2 + CATCH_UP_S)
    assert (released.n_intervals, released.gap_before.reason) == (2, GapReason.INFERRED)


@given(
    st.lists(
        st.tuples(
            st.floats(-1e4, 1e4),
            st.lists(st.integers(0, 0xFFFF).map(lambda rr: rr / 1024), max_size=9).map(tuple),
            st.sampled_from([None, None, None, *GapReason]),
        ),
        max_size=40,
    )
)
def test_whatever_arrives_the_blocks_follow_each_other_and_hold_all_intervals(said):
    blocks = told(said)
    end_index = 0
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
        assert block.time_uncertainty_s > 0
    assert (joined(blocks) if blocks else []) == [rr for _, rr_s, _ in said for rr in rr_s if rr > 0]
    assert (np.diff(beat_times_s(blocks)) >= 0).all() if blocks else True
