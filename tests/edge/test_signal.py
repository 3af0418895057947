import numpy as np
import pytest

from edge.errors import StreamError
from edge.signal import BeatBlock, Gap, GapReason, SampleBlock, Scale
from tests.edge.signals import block


def test_a_count_is_its_distance_from_zero_count_times_the_size_of_a_count():
    scale = Scale(0.005, zero_count=1024)
    np.testing.assert_allclose(scale.millivolts(np.array([1024, 1224, 824], np.int32)), [0.0, 1.0, -1.0])


def test_an_inverted_lead_has_a_negative_scale():
    assert Scale(-1e-3).millivolts(np.array([500], np.int32))[0] == -0.5


@pytest.mark.parametrize("size", [0.0, float("nan"), float("inf")])
def test_a_scale_that_says_nothing_is_refused(size):
    with pytest.raises(ValueError, match="millivolts_per_count"):
        Scale(size)


def test_a_gap_without_samples_is_refused():
    with pytest.raises(ValueError, match="0 samples"):
        Gap(10, 0, GapReason.FRAME_LOST)


@pytest.mark.parametrize(
    "counts", [np.empty(0, np.int32), np.zeros(4, np.int64), np.zeros((2, 2), np.int32), np.zeros(4, np.float32)]
)
def test_a_block_holds_int32_counts_in_one_row(counts):
    with pytest.raises(ValueError, match="counts must be int32"):
        SampleBlock(counts, Scale(1e-3), 500.0, 0, 0.0, 0.002)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), float("inf")])
def test_a_block_without_a_rate_is_refused(rate_hz):
    with pytest.raises(ValueError, match="rate_hz"):
        SampleBlock(np.zeros(4, np.int32), Scale(1e-3), rate_hz, 0, 0.0, 0.002)


def test_a_gap_must_end_where_its_block_begins():
    with pytest.raises(ValueError, match="gap_before"):
        SampleBlock(np.zeros(4, np.int32), Scale(1e-3), 500.0, 10, 0.0, 0.002, 0.0, Gap(5, 4, GapReason.FRAME_LOST))


def test_the_counts_of_a_block_cannot_be_changed():
    made = block([1, 2, 3])
    with pytest.raises(ValueError, match="read-only"):
        made.counts[0] = 7


def test_a_block_ends_after_its_last_sample():
    assert block([1, 2, 3], 40).end_index == 43


def test_a_block_follows_the_end_of_the_block_before_it():
    block([1, 2], 40).follows(40)


def test_a_block_follows_across_a_gap_that_it_states():
    block([1, 2], 40, lost_before=7).follows(33)


@pytest.mark.parametrize("end_index", [39, 41], ids=["samples missing", "samples twice"])
def test_missing_or_repeated_samples_that_no_gap_states_break_the_stream(end_index):
    with pytest.raises(StreamError, match="begins at sample 40"):
        block([1, 2], 40).follows(end_index)


@pytest.mark.parametrize(
    "rr_s",
    [np.zeros(1), np.empty(0), np.array([np.nan]), np.array([-1.0]), np.array([1]), np.ones((2, 2))],
    ids=["zero", "none", "not a number", "negative", "integers", "a matrix"],
)
def test_what_are_no_intervals_make_no_block(rr_s):
    with pytest.raises(ValueError, match=r"rr_s must be|an interval between beats"):
        BeatBlock(rr_s, 0, 0.0)


@pytest.mark.parametrize(
    ("gap", "gap_s"), [(Gap(0, 3, GapReason.DISCONNECTED), 0.0), (None, 2.0)], ids=["no time", "no intervals"]
)
def test_a_gap_between_beats_has_both_time_and_intervals(gap, gap_s):
    with pytest.raises(ValueError, match="must have its intervals"):
        BeatBlock(np.ones(2), 3, 0.0, 0.0, gap, gap_s)


def test_a_gap_between_beats_must_end_where_its_block_begins():
    with pytest.raises(ValueError, match="gap_before"):
        BeatBlock(np.ones(2), 4, 0.0, 0.0, Gap(0, 3, GapReason.DISCONNECTED), 3.0)


def test_the_intervals_of_a_block_cannot_be_changed():
    made = BeatBlock(np.ones(2), 0, 0.0)
    with pytest.raises(ValueError, match="read-only"):
        made.rr_s[0] = 7.0


def test_a_block_of_intervals_lasts_as_long_as_they_do():
    made = BeatBlock(np.array([0.5, 0.75]), 40, 0.0)
    assert (made.n_intervals, made.end_index, made.duration_s) == (2, 42, 1.25)


def test_missing_intervals_that_no_gap_states_break_the_stream():
    with pytest.raises(StreamError, match="begins at interval 40 where 39"):
        BeatBlock(np.ones(2), 40, 0.0).follows(39)
