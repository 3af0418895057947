"""Both beside the truth, where it is known."""

import json

import numpy as np
import pytest

from converter.distil.truth import answers, synthetic_truth
from converter.training.data import OUTPUTS as KNOWN
from edge.heart import Heart
from edge.pack import SHIPPED, read_pack
from tests.conftest import OUTPUTS

SUBJECTS = np.repeat(np.arange(20), 4)
LABELS = np.tile(np.array([[0], [1]], np.float32), (40, 3))


def test_the_heart_answers_all_that_the_demonstration_asks():
    outputs = read_pack(SHIPPED).manifest.outputs
    labs = Heart(3).labs(np.column_stack([np.arange(200), np.zeros(200, np.int64)]))
    truth = synthetic_truth(outputs, labs)
    assert np.isfinite(truth).all()
    np.testing.assert_array_equal(truth[:, 1], labs.potassium_mmol_per_l > 5.0)
    assert [known.id for known in KNOWN] == [output.id for output in outputs]


def test_the_heart_does_not_answer_what_asks_for_another_limit():
    labs = Heart(3).labs(np.zeros((2, 2), np.int64))
    other = read_pack(SHIPPED).manifest.outputs[0].model_copy(update={"limit": 3.0})
    assert np.isnan(synthetic_truth([other], labs)).all()


def test_areas_are_those_of_each_models_order():
    right, wrong = LABELS - 0.5, 0.5 - LABELS
    rows = answers(right, wrong, LABELS, SUBJECTS, OUTPUTS)
    assert len(rows) == 3
    for row in rows:
        assert (row.n_windows, row.n_positive) == (80, 40)
        assert (row.teacher.value, row.student.value) == (1.0, 0.0)
        assert (row.teacher_within.value, row.student_within.value) == (1.0, 0.0)


def test_outputs_whose_truth_is_not_known_or_one_sided_have_no_row():
    labels = LABELS.copy()
    labels[:, 0], labels[:, 1] = np.nan, 1.0
    (row,) = answers(LABELS, LABELS, labels, SUBJECTS, OUTPUTS)
    assert row.output_id == OUTPUTS[2].id


def test_without_two_windows_of_a_subject_nothing_is_said_within_subjects():
    rows = answers(LABELS, LABELS, LABELS, np.arange(80), OUTPUTS)
    assert all(row.teacher_within is None and row.student_within is None for row in rows)
    json.dumps([row.as_json() for row in rows], allow_nan=False)


def test_windows_whose_truth_is_not_known_do_not_count():
    labels, scores = LABELS.copy(), LABELS.copy()
    labels[:40], scores[:40] = np.nan, 1 - LABELS[:40]
    rows = answers(scores, scores, labels, SUBJECTS, OUTPUTS)
    assert {(row.n_windows, row.n_positive) for row in rows} == {(40, 20)}
    assert [row.student.value for row in rows] == pytest.approx([1.0] * 3)
