"""What was lost, on arrays of which it is known."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from converter.distil.figures import loss_of
from tests.conftest import OUTPUTS

ONE = OUTPUTS[:1]
TEACHER = np.array([[-2.0], [-1.0], [1.0], [2.0]], np.float32)


def lost(teacher, student):
    (row,) = loss_of(teacher, student, ONE, "known").outputs
    return row


def test_who_says_the_same_loses_nothing():
    row = lost(TEACHER, TEACHER)
    assert (row.correlation, row.rank_correlation) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (row.mean_difference, row.agreement, row.auroc_of_decisions) == (0.0, 1.0, 1.0)
    assert (row.teacher_positive, row.student_positive) == (0.5, 0.5)


def test_who_says_the_contrary_loses_everything():
    row = lost(TEACHER, -TEACHER)
    assert (row.correlation, row.rank_correlation) == (pytest.approx(-1.0), pytest.approx(-1.0))
    assert (row.agreement, row.auroc_of_decisions) == (0.0, 0.0)


def test_differences_are_those_of_probabilities():
    row = lost(np.array([[0.0], [0.0]], np.float32), np.array([[100.0], [-100.0]], np.float32))
    assert row.mean_difference == pytest.approx(0.5)
    assert row.agreement == 0.5  # one half is positive at a threshold of one half


def test_where_nothing_differs_there_is_no_correlation_and_where_nothing_is_decided_no_area():
    row = lost(np.full((4, 1), -1.0, np.float32), TEACHER)
    assert (row.correlation, row.rank_correlation, row.auroc_of_decisions) == (None, None, None)
    assert row.in_words().startswith("correlation none")


def test_each_output_has_its_own_row_and_threshold():
    outputs = [OUTPUTS[0], OUTPUTS[1].model_copy(update={"threshold": 0.9})]
    loss = loss_of(np.repeat(TEACHER, 2, axis=1), np.repeat(TEACHER, 2, axis=1), outputs, "two")
    assert [row.output_id for row in loss.outputs] == [output.id for output in outputs]
    assert [row.teacher_positive for row in loss.outputs] == [0.5, 0.0]
    assert loss.n_windows == 4


LOGITS = arrays.arrays(np.float32, (12, 3), elements=st.floats(-20, 20, width=32))


@given(LOGITS, LOGITS)
def test_figures_stay_within_their_bounds_and_are_json(teacher, student):
    loss = loss_of(teacher, student, OUTPUTS, "any")
    for row in loss.outputs:
        assert 0 <= row.mean_difference <= 1
        assert 0 <= row.agreement <= 1
        assert row.auroc_of_decisions is None or 0 <= row.auroc_of_decisions <= 1
        assert row.correlation is None or abs(row.correlation) <= 1 + 1e-9
    json.dumps(loss.as_json(), allow_nan=False)
