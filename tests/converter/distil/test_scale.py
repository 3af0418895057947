"""The scale on which a student speaks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import expit

from converter.distil.scale import Scale
from tests.conftest import OUTPUTS

LOGITS = arrays.arrays(np.float32, (16, 3), elements=st.floats(-8, 8, width=32))


@given(LOGITS)
def test_what_is_not_far_out_comes_back_as_it_was(logits):
    scale = Scale.of(logits)
    said = scale.standardised(logits)
    near = np.abs((logits - scale.mean) / scale.spread) < 5
    np.testing.assert_allclose(scale.logits(said)[near], logits[near], atol=1e-3)
    assert np.abs(said).max() <= 5


def test_each_output_has_its_own_mean_and_spread():
    logits = np.random.default_rng(0).normal([1, -2, 5], [0.1, 1, 4], (4000, 3)).astype(np.float32)
    said = Scale.of(logits).standardised(logits)
    np.testing.assert_allclose(said.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(said.std(axis=0), 1, atol=0.02)


def test_a_threshold_lies_where_its_probability_does():
    scale = Scale(np.array([1, 0, -1], np.float32), np.array([2, 1, 0.5], np.float32))
    logits = scale.logits(scale.thresholds(OUTPUTS)[None])[0]
    np.testing.assert_allclose(expit(logits), [output.threshold for output in OUTPUTS], atol=1e-6)


def test_an_output_that_never_moves_is_not_divided_by_nothing():
    logits = np.full((8, 3), 0.25, np.float32)
    assert np.isfinite(Scale.of(logits).standardised(logits)).all()
