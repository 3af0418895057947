"""Windows that need no label, and who is in which portion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.distil.windows import HEART, LABELLED, RHYTHMS, Portions, labelled_batch
from edge.pack import SHIPPED, read_pack
from edge.preprocess import ECGFOUNDER
from tests.conftest import OUTPUTS

PORTIONS = Portions.of(120, seed=0)


def subjects_of(synthetic):
    """Who is in it, by seed: subjects in sinus rhythm from 0 on, others below."""
    sinus = range(synthetic.cohort.first_subject, synthetic.cohort.first_subject + synthetic.cohort.n_subjects)
    return {(synthetic.seed, subject) for subject in (*sinus, *(-1 - index for index in synthetic.rhythms))}


@given(st.integers(80, 3000), st.integers(0, 1000))
def test_no_subject_is_in_two_portions(n, seed):
    portions = Portions.of(n, seed=seed)
    training, validation, held_back = map(subjects_of, (portions.training, portions.validation, portions.held_back))
    assert not training & validation
    assert not (training | validation) & held_back
    assert portions.training.n_windows in {n, n - 1}
    assert min(portions.validation.n_windows, portions.held_back.n_windows) >= 8


def test_portions_of_different_seeds_share_no_heart():
    seeds = [
        each.seed
        for seed in range(9)
        for each in (Portions.of(80, seed=seed).training, Portions.of(80, seed=seed).held_back)
    ]
    assert len(set(seeds)) == len(seeds)


@pytest.fixture(scope="module")
def drawn():
    return list(PORTIONS.held_back.batches(ECGFOUNDER, read_pack(SHIPPED).manifest.outputs))


def test_all_windows_that_are_planned_are_drawn_and_move(drawn):
    millivolts = np.concatenate([batch.millivolts for batch in drawn])
    assert millivolts.shape == (PORTIONS.held_back.n_windows, ECGFOUNDER.window_samples)
    assert np.isfinite(millivolts).all()
    assert (np.ptp(millivolts, axis=1) > 0.1).all()
    assert {batch.kind for batch in drawn} == {HEART, RHYTHMS}


def test_each_window_is_of_a_subject_that_is_planned(drawn):
    found = {(PORTIONS.held_back.seed, subject) for batch in drawn for subject in batch.subjects.tolist()}
    assert found == subjects_of(PORTIONS.held_back)


def test_of_sinus_rhythm_the_truth_is_known_and_of_others_it_is_not(drawn):
    for batch in drawn:
        assert np.isfinite(batch.labels).all() == (batch.kind == HEART)
        assert batch.labels.shape == (len(batch.millivolts), 6)


def test_the_same_windows_are_drawn_again_for_other_outputs(drawn):
    again = list(PORTIONS.held_back.batches(ECGFOUNDER, OUTPUTS))
    for first, second in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(first.millivolts, second.millivolts)
        assert np.isnan(second.labels).all()


def test_labelled_windows_are_each_of_a_subject_of_its_own(tmp_path):
    millivolts = np.random.default_rng(0).normal(0, 1, (9, 5000)).astype(np.float32)
    labels = np.tile(np.array([0, 1, np.nan], np.float32), (9, 1))
    np.savez(tmp_path / "known.npz", millivolts=millivolts, labels=labels)
    batch = labelled_batch(tmp_path / "known.npz", ECGFOUNDER, 3)
    np.testing.assert_array_equal(batch.millivolts, millivolts)
    np.testing.assert_array_equal(batch.labels, labels)
    assert (batch.kind, len(set(batch.subjects.tolist()))) == (LABELLED, 9)
