"""Scores of records pool into one, and patients are drawn for intervals."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.bootstrap import estimates
from converter.evaluation.patients import patient_of
from converter.evaluation.pooling import by_patient, pool, stack


@dataclass(frozen=True)
class Counts:
    record: str
    patient: str
    n: int
    table: np.ndarray
    names: tuple[str, ...]
    level: str = "clean"


def counts(k, patient=None, level="clean"):
    return Counts(str(k), patient or str(k), k, np.full((2, 2), k), (str(k),), level)


SOME = st.lists(st.integers(0, 1000), min_size=1, max_size=12)


@given(SOME)
def test_pooled_counts_are_sums_and_lists_are_strung_together(values):
    whole = pool([counts(k) for k in values])
    assert whole.n == sum(values)
    assert whole.table.tolist() == [[sum(values)] * 2] * 2
    assert whole.names == tuple(str(k) for k in values)


@given(SOME, st.integers(1, 11))
def test_pools_of_folds_pool_to_the_pool_of_all(values, cut):
    scores = [counts(k) for k in values]
    folds = [pool(fold) for fold in (scores[:cut], scores[cut:]) if fold]
    assert pool(folds).n == pool(scores).n
    assert pool(folds).names == pool(scores).names


def test_a_score_that_is_drawn_twice_counts_twice():
    twice = stack([counts(3), counts(5)]).pool(np.array([2, 0]))
    assert (twice.n, twice.names) == (6, ("3", "3"))


def test_records_of_a_patient_are_pooled_before_patients_are_drawn():
    of_patients = by_patient([counts(1, "a"), counts(2, "b"), counts(3, "a")])
    assert [(s.patient, s.n) for s in of_patients] == [("a", 4), ("b", 2)]


def test_scores_at_different_levels_do_not_pool():
    with pytest.raises(ValueError, match="level differs"):
        pool([counts(1), counts(2, level="noisy")])


def test_nothing_cannot_be_pooled():
    with pytest.raises(ValueError, match="no scores"):
        pool([])


def test_an_interval_holds_the_value_and_is_the_same_each_time():
    scores = [counts(k) for k in range(1, 30)]
    first, again = (estimates(scores, lambda s: {"n": float(s.n)}) for _ in range(2))
    assert first == again
    assert first["n"].low < first["n"].value < first["n"].high


def test_one_patient_has_no_interval():
    known = estimates([counts(1, "a"), counts(2, "a")], lambda s: {"n": float(s.n)})["n"]
    assert known.value == 3.0
    assert np.isnan([known.low, known.high]).all()


def test_a_figure_that_is_never_a_number_has_no_interval():
    known = estimates([counts(1), counts(2)], lambda _: {"n": float("nan")})["n"]
    assert np.isnan([known.value, known.low, known.high]).all()


@pytest.mark.parametrize(
    ("record", "patient"),
    [("201", "201"), ("202", "201"), ("203", "203"), ("data_21_7", "21"), ("118e06", "118"), ("119e_6", "119"),
     ("A00001", "A00001"), ("5", "5")],
)  # fmt: skip
def test_records_of_one_person_are_known(record, patient):
    assert patient_of(record) == patient
