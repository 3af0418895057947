"""Questions without medical meaning: drawn from a seed, answered window by window."""

from dataclasses import replace

import numpy as np
import pytest

from converter.training.data import Cohort
from converter.training.questions import CHANCE, QUANTITIES, Question, draw_questions, record
from edge.heart import Heart
from edge.preprocess import ECGFOUNDER, preprocess

REFERENCE = Cohort(0, 200, draws=1, windows=1)
KEYS = Cohort(200, 150, draws=1, windows=1).keys


@pytest.fixture(scope="module")
def questionnaire():
    return draw_questions(Heart(3), 108, REFERENCE)


@pytest.fixture(scope="module")
def answered(questionnaire):
    return questionnaire.labels(Heart(3).windows(KEYS))


def test_the_questions_are_all_different_and_of_three_kinds(questionnaire):
    assert len(set(questionnaire.questions)) == 108
    kinds = [question.kind for question in questionnaire.questions]
    assert {kind: kinds.count(kind) for kind in kinds} == {"single": 36, "sum": 36, "product": 36}


def test_every_quantity_is_asked_about_and_no_question_pairs_one_with_itself(questionnaire):
    asked = [question.quantities for question in questionnaire.questions]
    assert {first for first, _ in asked} == set(QUANTITIES)
    assert all(first != second for first, second in asked)


def test_questions_hold_more_and_less_chance(questionnaire):
    chances = [question.chance for question in questionnaire.questions]
    assert (min(chances), max(chances)) == pytest.approx(CHANCE)


def test_the_same_seed_asks_and_answers_the_same(questionnaire, answered):
    again = draw_questions(Heart(3), 108, REFERENCE)
    assert again.questions == questionnaire.questions
    np.testing.assert_array_equal(again.labels(Heart(3).windows(KEYS)), answered)


def test_another_seed_asks_something_else(questionnaire):
    assert draw_questions(Heart(4), 108, REFERENCE).questions != questionnaire.questions


def test_an_answer_depends_on_its_own_window_alone(questionnaire, answered):
    np.testing.assert_array_equal(questionnaire.labels(Heart(3).windows(KEYS[40:50])), answered[40:50])


def test_both_answers_occur_about_as_often_as_was_drawn(answered):
    shares = answered.mean(axis=0)
    assert 0.02 < shares.min() < shares.max() < 0.65


def test_an_answer_without_chance_is_the_quantity_beyond_its_limit():
    question = Question("single", ("calcium_mg_per_dl", "rr_s"), (-1, 1), chance=0.0, centre=0.5, spread=2.0)
    standardised = np.zeros((1, len(QUANTITIES)))
    standardised[0, QUANTITIES.index("calcium_mg_per_dl")] = 1.5
    assert question.score(standardised) == pytest.approx([-1.0])
    assert replace(question, kind="sum").score(standardised + 1) == pytest.approx([(-2.5 + 1 - 0.5) / 2])
    assert replace(question, kind="product").score(standardised + 1) == pytest.approx([(-2.5 - 0.5) / 2])


def test_windows_are_recorded_in_the_order_asked_for_with_the_mains_of_their_subject(questionnaire):
    together = record(Heart(3), KEYS[:5], questionnaire)
    assert together.subjects.tolist() == [200, 201, 202, 203, 204]
    for i in range(5):
        alone = record(Heart(3), KEYS[i : i + 1], questionnaire)
        np.testing.assert_allclose(alone.millivolts[0], together.millivolts[i], atol=1e-6)
        np.testing.assert_allclose(preprocess(together.millivolts[i], ECGFOUNDER), together.inputs[i], atol=1e-5)
        np.testing.assert_array_equal(alone.labels[0], together.labels[i])
