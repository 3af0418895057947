"""How two models agree, output by output."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from converter.calibration import WindowSet
from converter.parity import compare
from tests.conftest import OUTPUTS

N = 16
DRAWS = np.random.default_rng(0)
LOGITS = DRAWS.normal(0, 2, (N, 3))


def windows(labels=None):
    moving = np.tile(np.linspace(-1, 1, 50, dtype=np.float32), (N, 1))
    return WindowSet(moving, "ramps", None if labels is None else np.asarray(labels, np.float32))


def compared(expected, actual, labels=None):
    return compare(expit(expected), expit(actual), windows(labels), OUTPUTS)


def test_differences_are_those_of_logits():
    rows = compared(LOGITS, LOGITS + np.array([0.0, 0.5, -2.0])).outputs
    np.testing.assert_allclose([row.max_abs_logit for row in rows], [0.0, 0.5, 2.0], atol=1e-9)
    np.testing.assert_allclose([row.rms_logit for row in rows], [0.0, 0.5, 2.0], atol=1e-9)


@given(st.floats(0.25, 4.0), st.floats(-3.0, 3.0))
def test_what_keeps_the_order_keeps_the_rank_correlation(gain, shift):
    assert compared(LOGITS, gain * LOGITS + shift).spearman_min == pytest.approx(1.0)


def test_the_order_reversed_is_a_rank_correlation_of_minus_one():
    assert [row.spearman for row in compared(LOGITS, -LOGITS).outputs] == [pytest.approx(-1.0)] * 3


def test_a_decision_that_reaches_the_threshold_is_above_it():
    expected, actual = np.full((N, 3), -1.0), np.full((N, 3), -1.0)
    actual[:5] = 0.0  # the threshold is a probability of one half
    assert [row.flips for row in compared(expected + 0.01 * LOGITS, actual).outputs] == [5] * 3


def test_windows_that_one_model_did_not_estimate_are_left_out_with_their_labels():
    expected, actual = expit(LOGITS), expit(LOGITS)
    expected[0], actual[1] = np.nan, np.nan
    labels = (LOGITS > 0).astype(np.float32)
    labels[:2] = 1 - labels[:2]
    parity = compare(expected, actual, windows(labels), OUTPUTS)
    assert (parity.n_windows, parity.n_rejected, parity.actual.shape) == (N - 2, 2, (N - 2, 3))
    assert [row.auroc_float for row in parity.outputs] == [1.0] * 3


def test_auroc_of_both_models_is_over_the_windows_whose_label_is_known():
    labels = (LOGITS > 0).astype(np.float32)
    labels[:4, 0] = np.nan
    reversed_there = LOGITS.copy()
    reversed_there[:4, 0] *= -1
    assert compared(LOGITS, reversed_there, labels).outputs[0].auroc_converted == 1.0
    assert [(row.auroc_float, row.auroc_converted) for row in compared(LOGITS, -LOGITS, labels).outputs] == [
        (1.0, 0.0)
    ] * 3


@pytest.mark.parametrize("label", [0.0, 1.0, np.nan])
def test_labels_of_one_class_or_none_have_no_auroc(label):
    rows = compared(LOGITS, LOGITS, np.full((N, 3), label)).outputs
    assert {(row.auroc_float, row.auroc_converted) for row in rows} == {(None, None)}


def test_without_labels_there_is_no_auroc():
    assert {row.auroc_float for row in compared(LOGITS, LOGITS).outputs} == {None}


@pytest.mark.parametrize("constant", ["expected", "actual"])
def test_a_model_that_says_the_same_of_everybody_has_no_rank_correlation(constant):
    both = {"expected": LOGITS.copy(), "actual": LOGITS.copy()}
    both[constant][:, 1] = 0.3
    parity = compared(both["expected"], both["actual"])
    assert np.isnan(parity.spearman_min)
    assert parity.known_spearman == pytest.approx([1.0, 1.0])
    assert json.dumps(parity.as_json(), allow_nan=False)


def test_probabilities_that_were_rounded_to_nought_and_one_differ_by_finite_logits():
    row = compared(LOGITS + 900.0, LOGITS - 900.0).outputs[0]
    assert np.isfinite([row.max_abs_logit, row.rms_logit]).all()
    assert row.flips == N


def test_the_whole_is_as_bad_as_its_worst_output():
    actual = LOGITS.copy()
    actual[:, 2] = DRAWS.permutation(actual[:, 2]) + 5.0
    parity = compared(LOGITS, actual)
    worst = parity.outputs[2]
    assert (parity.spearman_min, parity.max_abs_logit) == (worst.spearman, worst.max_abs_logit)
    assert parity.flips == sum(row.flips for row in parity.outputs)
