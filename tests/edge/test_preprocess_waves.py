"""The steps that the waves network asks for, and the numbers they give."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.manifest import Contract
from edge.preprocess import WAVES, Bandpass, Compress, MedianBaseline, Preprocessing, SwingScale, ZScore, preprocess
from tests.golden.make import WAVES_SEEDS, raw_window_mv, waves_preprocessing

GOLDEN = Path(__file__).parents[1] / "golden" / "preprocess_waves.npz"
CONDITION_ATOL = 1e-5
"""As for ECGFounder's band-pass: the last digits of LAPACK show."""
FLOOR_MV = 1e-4


def step(made, x, *, rate_hz=100.0):
    return preprocess(x, Preprocessing(rate_hz, x.shape[-1], (made,)))


def drawn(seed, n=1000):
    return np.random.default_rng(seed).normal(0, 1, n)


def golden(seed):
    with np.load(GOLDEN) as arrays:
        return arrays[f"in_uv_{seed}"] / 1e3, arrays[f"out_{seed}"]


@pytest.mark.parametrize("seed", WAVES_SEEDS)
def test_a_window_becomes_what_the_plain_scipy_statement_made_of_it(seed):
    x_mv, expected = golden(seed)
    np.testing.assert_allclose(preprocess(x_mv, WAVES), expected, rtol=0, atol=CONDITION_ATOL)


@pytest.mark.parametrize("seed", WAVES_SEEDS)
def test_the_golden_windows_are_still_what_scipy_computes_here(seed):
    x_mv, expected = golden(seed)
    np.testing.assert_allclose(waves_preprocessing(x_mv), expected, rtol=0, atol=CONDITION_ATOL)


@given(st.integers(10, 10_000), st.floats(-2.0, 1.5))
def test_any_window_becomes_what_the_plain_scipy_statement_makes_of_it(seed, log_gain):
    x_mv = 10.0**log_gain * raw_window_mv(WAVES.rate_hz, WAVES.window_samples, seed)
    np.testing.assert_allclose(preprocess(x_mv, WAVES), waves_preprocessing(x_mv), rtol=0, atol=2e-6)


@given(st.integers(10, 1000), st.floats(0.05, 50.0), st.floats(-100.0, 100.0))
def test_what_the_waves_network_reads_does_not_depend_on_gain_or_offset(seed, gain, offset_mv):
    x_mv = raw_window_mv(WAVES.rate_hz, WAVES.window_samples, seed)
    np.testing.assert_allclose(preprocess(gain * x_mv + offset_mv, WAVES), preprocess(x_mv, WAVES), atol=1e-4)


@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_a_swing_above_the_floor_is_scaled_to_one_whatever_the_gain(seed, gain):
    scale = SwingScale(2.0, FLOOR_MV)
    np.testing.assert_allclose(step(scale, gain * drawn(seed)), step(scale, drawn(seed)), rtol=1e-6)


@given(st.integers(0, 1000), st.floats(1e-12, 1e-5))
def test_a_swing_below_the_floor_is_not_blown_up(seed, gain):
    x = gain * drawn(seed)
    np.testing.assert_allclose(step(SwingScale(2.0, FLOOR_MV), x), x / FLOOR_MV, rtol=1e-6)


def test_the_median_swing_becomes_one():
    x = np.concatenate([k * np.tile([0.0, 1.0], 50) for k in (1, 2, 3, 4, 500)])
    assert step(SwingScale(1.0, FLOOR_MV), x).max() == pytest.approx(500 / 3)


def test_an_artefact_in_one_stretch_changes_no_other():
    x = drawn(0)
    spoilt = x.copy()
    spoilt[450] = 1e3
    scale = SwingScale(2.0, FLOOR_MV)
    swings = np.sort([np.ptp(part) for part in x.reshape(5, 200)])
    expected = np.median([*np.delete(swings, np.searchsorted(swings, np.ptp(x[400:600]))), 1e3])
    np.testing.assert_allclose(step(scale, spoilt)[:400], x[:400] / expected, rtol=1e-5)


def test_what_is_left_behind_the_last_whole_stretch_counts_with_it():
    x = np.concatenate([np.tile([0.0, 1.0], 100), [5.0] * 30])
    assert step(SwingScale(2.0, FLOOR_MV), x).max() == pytest.approx(1.0)


def test_a_window_shorter_than_a_stretch_is_one():
    x = np.tile([0.0, 4.0], 25)
    assert step(SwingScale(2.0, FLOOR_MV), x).max() == pytest.approx(1.0)


@given(st.integers(0, 1000))
def test_each_window_has_a_swing_of_its_own(seed):
    x = np.stack([drawn(seed), 7.0 * drawn(seed + 1)])
    scale = SwingScale(2.0, FLOOR_MV)
    np.testing.assert_array_equal(step(scale, x), np.stack([step(scale, row) for row in x]))


def test_a_flat_window_becomes_zeros_and_not_nan():
    np.testing.assert_allclose(preprocess(np.full(2560, 2.0), WAVES), np.zeros(2560), atol=1e-6)


@given(st.integers(0, 1000), st.floats(0.01, 10.0))
def test_compressing_is_odd(seed, knee):
    x = 100 * drawn(seed)
    np.testing.assert_array_equal(step(Compress(knee), -x), -step(Compress(knee), x))


@given(st.floats(0.01, 10.0), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_compressing_keeps_the_order(knee, one, other):
    low, high = step(Compress(knee), np.array([min(one, other), max(one, other)]))
    assert low <= high


@given(st.floats(0.01, 10.0), st.floats(-0.05, 0.05))
def test_far_below_the_knee_compressing_is_division_by_it(knee, share):
    assert step(Compress(knee), np.array([share * knee]))[0] == pytest.approx(share, rel=1e-3, abs=1e-12)


@given(st.floats(0.01, 10.0), st.floats(20.0, 1e5))
def test_far_above_the_knee_doubling_adds_the_logarithm_of_two(knee, times):
    one, two = step(Compress(knee), knee * np.array([times, 2 * times]))
    assert two - one == pytest.approx(np.log(2), abs=1e-3)


def test_the_contract_of_the_waves_network_is_stated_once():
    assert Preprocessing(256.0, 2560, (Bandpass(0.5, 40.0, 3), SwingScale(2.0, 1e-4), Compress(0.125))) == WAVES


def test_a_manifest_gives_back_the_contract_it_was_written_from():
    contract = Contract.model_validate_json(Contract.of(WAVES).model_dump_json())
    assert contract.as_preprocessing() == WAVES


@pytest.mark.parametrize(
    "nonsense",
    [
        SwingScale(0.0, 1e-4),
        SwingScale(-2.0, 1e-4),
        SwingScale(1e-3, 1e-4),  # less than a sample
        SwingScale(2.0, 0.0),
        SwingScale(2.0, -1e-4),
        SwingScale(float("nan"), 1e-4),
        SwingScale(2.0, float("inf")),
        Compress(0.0),
        Compress(-0.125),
        Compress(float("nan")),
        Compress(float("inf")),
        ZScore(float("inf")),
        MedianBaseline(float("inf")),
    ],
)
def test_a_step_that_cannot_be_run_is_refused_by_the_manifest(nonsense):
    with pytest.raises(ValidationError):
        Contract.of(Preprocessing(256.0, 2560, (nonsense,)))


def test_steps_of_the_waves_network_are_told_by_their_kind():
    kinds = [s["kind"] for s in Contract.of(WAVES).model_dump()["steps"]]
    assert kinds == ["butterworth_bandpass_filtfilt", "divide_by_median_swing", "asinh"]
