"""What was found is paired with what was marked as well as can be."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.matching import match

PLACES = st.lists(st.integers(0, 60), max_size=6).map(lambda ms: np.sort(np.array(ms, np.float64)) / 100.0)
MANY = st.lists(st.integers(0, 20_000), max_size=60).map(lambda ms: np.sort(np.array(ms, np.float64)) / 1000.0)


def every_pairing(n, m):
    for size in range(min(n, m) + 1):
        for rows in combinations(range(n), size):
            for columns in combinations(range(m), size):
                yield list(rows), list(columns)


@given(PLACES, PLACES)
def test_no_pairing_has_more_pairs_or_as_many_that_are_nearer(reference, found):
    pairs = match(reference, found, 0.15)
    apart = np.abs(reference[pairs.reference] - found[pairs.found])
    for rows, columns in every_pairing(reference.size, found.size):
        other = np.abs(reference[rows] - found[columns])
        if (other <= 0.15).all():
            assert len(rows) <= apart.size
            assert len(rows) < apart.size or other.sum() >= apart.sum() - 1e-9


@given(MANY, MANY)
def test_pairs_are_in_order_within_the_tolerance_and_leave_nothing_out(reference, found):
    pairs = match(reference, found, 0.15)
    assert (np.diff(pairs.reference) > 0).all()
    assert (np.diff(pairs.found) > 0).all()
    assert (np.abs(reference[pairs.reference] - found[pairs.found]) <= 0.15).all()
    assert sorted([*pairs.reference, *pairs.missed]) == list(range(reference.size))
    assert sorted([*pairs.found, *pairs.extra]) == list(range(found.size))


@given(MANY, MANY)
def test_pairing_does_not_depend_on_which_side_is_the_reference(reference, found):
    one, other = match(reference, found), match(found, reference)
    assert one.reference.size == other.reference.size
    assert one.missed.size == other.extra.size


@given(MANY)
def test_what_is_found_where_it_is_marked_is_all_paired(places):
    pairs = match(places, places)
    assert (pairs.missed.size, pairs.extra.size) == (0, 0)


@pytest.mark.parametrize(("found_s", "n_pairs"), [(1.15, 1), (1.1501, 0), (0.85, 1), (0.8499, 0)])
def test_150_ms_is_near_enough_and_more_is_not(found_s, n_pairs):
    assert match(np.array([1.0]), np.array([found_s]), 0.15 + 1e-12).reference.size == n_pairs


def test_one_detection_between_two_beats_belongs_to_the_nearer():
    pairs = match(np.array([1.0, 1.25]), np.array([1.13]))
    assert pairs.reference.tolist() == [1]
    assert pairs.missed.tolist() == [0]
