import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.waves.track import GRADE_EDGE, SAID, STEP_HZ, STEP_SAMPLES, Grade, Track

N = sum(SAID)


def logits_within(most):
    """A few steps; a network gives some tens at the most."""
    return st.integers(1, 20).flatmap(lambda n: arrays(np.float32, (n, N), elements=st.floats(-most, most, width=32)))


some_logits = logits_within(500)
PARTS = ("segments", "beats", "rhythms", "grades")


def softmax_beside_zero(logits):
    """Said plainly: the first answer stands at 0."""
    whole = np.concatenate([[0.0], logits.astype(np.float64)])
    powers = np.exp(whole - whole.max())
    return powers / powers.sum()


def graded(place):
    return Track.of_logits(np.pad(np.array([[place]], np.float32), ((0, 0), (N - 1, 0)))).grades[0]


def test_a_step_says_twelve_logits_of_segments_five_of_beats_two_of_rhythm_and_one_of_quality():
    assert (SAID, STEP_SAMPLES, STEP_HZ) == ((12, 5, 2, 1), 4, 64.0)


@given(some_logits)
def test_segments_are_said_sample_by_sample_and_all_else_step_by_step(logits):
    track, n = Track.of_logits(logits), len(logits)
    assert [getattr(track, part).shape for part in PARTS] == [(4 * n, 4), (n, 6), (n, 3), (n, 3)]
    assert track.n_samples == 4 * n


@pytest.mark.parametrize("part", PARTS)
@given(some_logits)
def test_every_row_is_a_probability(part, logits):
    rows = getattr(Track.of_logits(logits), part)
    assert rows.dtype == np.float32
    assert rows.min() >= 0.0
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-6)


@given(logits_within(50))
def test_the_first_answer_has_no_logit_and_stands_at_nought(logits):
    track, last = Track.of_logits(logits), logits[-1]
    np.testing.assert_allclose(track.segments[-1], softmax_beside_zero(last[9:12]), atol=1e-6)
    np.testing.assert_allclose(track.segments[-4], softmax_beside_zero(last[:3]), atol=1e-6)
    np.testing.assert_allclose(track.beats[-1], softmax_beside_zero(last[12:17]), atol=1e-6)
    np.testing.assert_allclose(track.rhythms[-1], softmax_beside_zero(last[17:19]), atol=1e-6)


def test_without_a_word_nothing_is_there_and_each_answer_is_as_likely():
    track = Track.of_logits(np.zeros((1, N), np.float32))
    assert track.segments[0].tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("place", "grade"), [(500.0, Grade.WAVES), (2.1, Grade.WAVES), (1.9, Grade.RATE), (0.0, Grade.RATE),
                         (-1.9, Grade.RATE), (-2.1, Grade.NOTHING), (-500.0, Grade.NOTHING)]
)  # fmt: skip
def test_grades_meet_at_two_on_either_side_of_nought(place, grade):
    assert GRADE_EDGE == 2.0
    assert graded(place).argmax() == grade


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_more_of_the_one_number_never_makes_a_grade_worse(one, other):
    worse, better = graded(min(one, other)), graded(max(one, other))
    assert better[Grade.WAVES] >= worse[Grade.WAVES]
    assert better[Grade.NOTHING] <= worse[Grade.NOTHING]
