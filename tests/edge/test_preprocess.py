from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from edge.preprocess import ECGFOUNDER, Bandpass, MedianBaseline, Notch, Preprocessing, ZScore, preprocess
from tests.golden.make import CONTRACTS, ecgfounder_preprocessing, raw_window_mv

GOLDEN = Path(__file__).parents[1] / "golden" / "preprocess.npz"
CONDITION_ATOL = 1e-5
"""A band-pass from 0.67 Hz in transfer-function form is ill-conditioned, so that the last digits of LAPACK show: with
scipy 1.17 another processor computes windows 1.8e-6 from the golden ones, and scipy 1.18 windows 1.5e-6 from them."""


def contract(rate_hz, n_samples):
    return Preprocessing(rate_hz, n_samples, ECGFOUNDER.steps)


@pytest.mark.parametrize(("rate_hz", "n_samples"), CONTRACTS)
def test_a_window_becomes_what_the_plain_scipy_statement_made_of_it(rate_hz, n_samples):
    with np.load(GOLDEN) as golden:
        x_uv, expected = golden[f"in_uv_{rate_hz:g}"], golden[f"out_{rate_hz:g}"]
    made = preprocess(x_uv / 1e3, contract(rate_hz, n_samples))
    ill_conditioned = np.abs(ecgfounder_preprocessing(x_uv / 1e3, rate_hz) - expected).max()
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-6 + ill_conditioned)


@pytest.mark.parametrize("rate_hz", [rate_hz for rate_hz, _ in CONTRACTS])
def test_the_golden_windows_are_still_what_scipy_computes_here(rate_hz):
    with np.load(GOLDEN) as golden:
        x_uv, expected = golden[f"in_uv_{rate_hz:g}"], golden[f"out_{rate_hz:g}"]
    np.testing.assert_allclose(ecgfounder_preprocessing(x_uv / 1e3, rate_hz), expected, rtol=0, atol=CONDITION_ATOL)


@pytest.mark.parametrize(("rate_hz", "n_samples"), CONTRACTS)
def test_a_window_becomes_what_the_plain_scipy_statement_makes_of_it_here(rate_hz, n_samples):
    with np.load(GOLDEN) as golden:
        x_uv = golden[f"in_uv_{rate_hz:g}"]
    made = preprocess(x_uv / 1e3, contract(rate_hz, n_samples))
    np.testing.assert_allclose(made, ecgfounder_preprocessing(x_uv / 1e3, rate_hz), rtol=0, atol=1e-6)


@given(st.integers(10, 1000), st.sampled_from([100.0, 128.0, 500.0]))
def test_any_window_becomes_what_the_plain_scipy_statement_makes_of_it(seed, rate_hz):
    n_samples = round(4 * rate_hz)
    x_mv = raw_window_mv(rate_hz, n_samples, seed)
    if rate_hz == 100.0:  # 50 Hz is half the rate: no notch
        made = Preprocessing(rate_hz, n_samples, ECGFOUNDER.steps[2:])
        kernel_free = x_mv - _running_median(x_mv, 41)
        expected = (kernel_free - kernel_free.mean()) / (kernel_free.std() + 1e-8)
    else:
        made, expected = contract(rate_hz, n_samples), ecgfounder_preprocessing(x_mv, rate_hz)
    np.testing.assert_allclose(preprocess(x_mv, made), expected, atol=2e-6)


@given(
    st.integers(0, 10_000),
    st.sampled_from([Notch(50.0, 30.0), Notch(60.0, 5.0), Bandpass(0.67, 40.0, 4), Bandpass(0.5, 40.0, 3)]),
    st.sampled_from([128.0, 250.0, 256.0, 500.0]),
    st.sampled_from([(28,), (2560,), (3, 500), (2, 2, 100)]),
)
def test_a_filter_run_both_ways_gives_the_bits_of_filtfilt(seed, step, rate_hz, shape):
    x = np.random.default_rng(seed).normal(0.3, 10.0 ** (seed % 7 - 3), shape)
    if isinstance(step, Notch):
        b, a = signal.iirnotch(step.frequency_hz, step.quality, fs=rate_hz)
    else:
        b, a = signal.butter(step.order, [step.low_hz, step.high_hz], btype="bandpass", fs=rate_hz)
    made = preprocess(x, Preprocessing(rate_hz, shape[-1], (step,)))
    np.testing.assert_array_equal(made, signal.filtfilt(b, a, x, axis=-1).astype(np.float32))


def test_a_window_in_which_a_filter_cannot_settle_is_refused():
    with pytest.raises(ValueError, match="settles in 27 samples cannot run on 27"):
        preprocess(np.zeros(27), Preprocessing(500.0, 27, (Bandpass(0.67, 40.0, 4),)))


def _running_median(x, size):
    padded = np.pad(x, size // 2)
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, size), axis=-1)


def test_a_window_gives_the_same_bits_alone_and_among_others():
    windows = np.stack([raw_window_mv(500.0, 5000, seed) for seed in range(4)])
    together = preprocess(windows, ECGFOUNDER)
    np.testing.assert_array_equal(together, np.stack([preprocess(w, ECGFOUNDER) for w in reversed(windows)])[::-1])


def test_a_window_is_left_as_it_was():
    window = raw_window_mv(500.0, 5000, 1)
    before = window.copy()
    preprocess(window, ECGFOUNDER)
    np.testing.assert_array_equal(window, before)


def test_the_input_of_the_network_does_not_depend_on_gain_or_offset():
    window = raw_window_mv(500.0, 5000, 1)
    np.testing.assert_allclose(
        preprocess(3.0 * window - 7.0, ECGFOUNDER)[500:-500], preprocess(window, ECGFOUNDER)[500:-500], atol=2e-2
    )


def test_a_flat_window_becomes_zeros_and_not_nan():
    made = preprocess(np.full(100, 2.0), Preprocessing(100.0, 100, (ZScore(1e-8),)))
    np.testing.assert_array_equal(made, np.zeros(100, np.float32))


def test_the_baseline_is_a_median_over_an_odd_number_of_samples():
    x = np.arange(20.0)
    np.testing.assert_allclose(
        preprocess(x, Preprocessing(10.0, 20, (MedianBaseline(0.3),))), x - _running_median(x, 5), atol=1e-6
    )


@pytest.mark.parametrize("shape", [(4999,), (5001,), (2, 4999), (5000, 1), ()])
def test_a_window_of_another_length_is_refused(shape):
    with pytest.raises(ValueError, match="windows of 5000 samples expected"):
        preprocess(np.zeros(shape), ECGFOUNDER)
