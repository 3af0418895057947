from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.simulator.source import as_counts, frames
from edge.signal import Gap, GapReason, SampleBlock, Scale


def _block(counts, rate_hz=130.0, first_index=0, gap=None, scale=None):
    return SampleBlock(
        np.array(counts, np.int32), scale or Scale(0.001), rate_hz, first_index, 0.0, 1 / rate_hz, 0.0, gap
    )


@given(
    st.lists(st.integers(0, 40), max_size=20),
    st.integers(1, 30),
    st.none() | st.integers(1, 500),
)
def test_frames_hold_all_samples_in_order_and_only_the_last_is_last(sizes, frame_samples, n_samples):
    bounds = np.cumsum([0, *sizes])
    chunks = [np.arange(a, b, dtype=np.int32) for a, b in pairwise(bounds)]
    cut = list(frames(chunks, frame_samples, n_samples))
    expected = np.arange(min(bounds[-1], n_samples or bounds[-1]))
    np.testing.assert_array_equal(np.concatenate([frame for frame, _ in cut] or [expected]), expected)
    assert [last for _, last in cut] == [False] * (len(cut) - 1) + [True] * bool(cut)
    assert all(frame.size == frame_samples for frame, last in cut if not last)


def _played(blocks, rate_hz=130.0, millivolts_per_count=0.001, rails=(-20_000, 20_000)):
    return np.concatenate(list(as_counts(blocks, rate_hz, millivolts_per_count, rails)))


@pytest.mark.parametrize(("millivolts_per_count", "counts"), [(0.001, [-200, 0, -1200]), (0.05, [-4, 0, -24])])
def test_millivolts_become_the_wearables_counts(millivolts_per_count, counts):
    played = _played([_block([0, 1, -5], scale=Scale(0.2, zero_count=1))], millivolts_per_count=millivolts_per_count)
    assert (played.tolist(), played.dtype) == (counts, np.int32)


@pytest.mark.parametrize("rails", [(-20_000, 20_000), (0, 4095)])
def test_what_lies_beyond_the_wearables_rails_is_clipped(rails):
    assert _played([_block([-90_000, 90_000])], rails=rails).tolist() == list(rails)


def test_nothing_is_played_as_nothing():
    assert list(as_counts([], 130.0, 0.001, (-20_000, 20_000))) == []


def test_a_gap_is_played_as_the_sample_before_it():
    gap = Gap(2, 3, GapReason.INVALID_SAMPLES)
    played = _played([_block([1, 2]), _block([3], first_index=5, gap=gap)])
    assert played.tolist() == [1, 2, 2, 2, 2, 3]


def test_another_rate_is_resampled_to_the_same_duration():
    seconds = 10
    slow = np.sin(2 * np.pi * np.arange(360 * seconds) / 360) * 1000
    played = _played([_block(np.rint(slow), rate_hz=360.0)])
    assert played.size == 130 * seconds
    truth = np.sin(2 * np.pi * np.arange(130 * seconds) / 130) * 1000
    assert np.abs(played - truth)[130:-130].max() == pytest.approx(0, abs=5)
