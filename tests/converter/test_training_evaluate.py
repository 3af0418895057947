"""Figures of merit against statements of what they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from converter.auroc import auroc
from converter.training.evaluate import calibrate, mean_by, pooled, within_subject, youden_threshold

cases = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40)


def counted(scores: np.ndarray, labels: np.ndarray) -> float:
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels] for n in scores[~labels]]
    return float(np.mean(pairs)) if pairs else float("nan")


@given(cases)
def test_auroc_is_the_share_of_pairs_in_the_right_order(case: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([c[0] for c in case], float), np.array([c[1] for c in case])
    assert auroc(scores, labels) == pytest.approx(counted(scores, labels), nan_ok=True)


@given(cases, st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_weights_count_as_repetitions(case: list[tuple[int, bool]], times: list[int]) -> None:
    scores, labels = np.array([c[0] for c in case], float), np.array([c[1] for c in case])
    weights = np.array(times[: len(case)])
    repeated = counted(np.repeat(scores, weights), np.repeat(labels, weights))
    assert auroc(scores, labels, weights.astype(float)) == pytest.approx(repeated, nan_ok=True)


def cohort(person: float, blood: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores that tell persons apart (`person`) or a person's blood (`blood`); persons differ in prevalence."""
    random = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(150), 12)
    habit = random.standard_normal(150)[subjects]
    labels = random.random(subjects.size) < expit(2.0 * habit)
    scores = person * habit + blood * labels + random.standard_normal(subjects.size)
    return scores, labels, subjects


def test_telling_persons_apart_counts_pooled_and_not_within() -> None:
    scores = cohort(person=3.0, blood=0.0, seed=1)
    assert pooled(*scores).value > 0.7
    within = within_subject(*scores)
    assert within.low < 0.5 < within.high


def test_telling_the_blood_counts_within() -> None:
    assert within_subject(*cohort(person=0.0, blood=1.5)).low > 0.75


def test_an_interval_holds_its_value_and_repeats_with_its_seed() -> None:
    one, again = (pooled(*cohort(1.0, 1.0), seed=3) for _ in range(2))
    assert one == again
    assert one.low < one.value < one.high


def test_intervals_by_subject_are_wider_than_they_would_be_by_window() -> None:
    scores, labels, subjects = cohort(3.0, 0.0)
    by_subject, by_window = pooled(scores, labels, subjects), pooled(scores, labels, np.arange(subjects.size))
    assert by_subject.high - by_subject.low > 1.3 * (by_window.high - by_window.low)


def test_without_a_pair_there_is_no_figure() -> None:
    nothing = within_subject(np.zeros(4), np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_calibration_finds_slope_and_offset() -> None:
    random = np.random.default_rng(1)
    logits = 2.0 * random.standard_normal(60_000)
    labels = random.random(logits.size) < expit(0.7 * logits - 1.2)
    assert calibrate(logits, labels) == pytest.approx((0.7, -1.2), abs=0.05)


def test_calibration_of_noise_keeps_the_order() -> None:
    random = np.random.default_rng(1)
    assert calibrate(random.standard_normal(4000), random.random(4000) < 0.2)[0] > 0.0


def test_the_threshold_is_where_sensitivity_and_specificity_sum_highest() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
    labels = np.array([False, False, True, False, True, True])
    sums = {
        t: (probabilities[labels] >= t).mean() + (probabilities[~labels] < t).mean() for t in probabilities.tolist()
    }
    assert sums[youden_threshold(probabilities, labels)] == max(sums.values())


def test_means_are_those_of_each_group() -> None:
    groups = np.array([[1, 0], [0, 5], [1, 0], [0, 2]])
    np.testing.assert_array_equal(mean_by(np.array([1.0, 2.0, 3.0, 4.0]), groups), [4.0, 2.0, 2.0])
