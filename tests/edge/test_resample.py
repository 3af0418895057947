from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.resample import PolyphaseResampler
from tests.edge.signals import cuts_of

RATES_HZ = [100.0, 125.0, 128.0, 129.87, 130.0, 250.0, 257.0, 360.0, 500.0, 512.0, 1000.0]


def resampled(x, cuts, rate_in_hz, rate_out_hz=500.0):
    resampler = PolyphaseResampler(rate_in_hz, rate_out_hz)
    return np.concatenate([*(resampler.push(part) for part in np.split(x, cuts)), resampler.finish()])


@given(st.data(), st.sampled_from(RATES_HZ), st.integers(2, 3000))
def test_the_output_does_not_depend_on_how_the_stream_was_cut(data, rate_hz, n):
    x = np.random.default_rng(n).normal(size=n)
    cuts = data.draw(cuts_of(n))
    np.testing.assert_array_equal(resampled(x, cuts, rate_hz), resampled(x, [], rate_hz))


def test_sample_by_sample_gives_the_same_output_too():
    x = np.random.default_rng(0).normal(size=400)
    np.testing.assert_array_equal(resampled(x, np.arange(1, 400), 360.0), resampled(x, [], 360.0))


@given(st.sampled_from(RATES_HZ), st.integers(1, 3000))
def test_n_samples_become_as_many_as_their_time_holds_at_the_other_rate(rate_hz, n):
    assert resampled(np.zeros(n), [], rate_hz).size == ceil(round(n * 500.0 / rate_hz, 6))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("frequency_hz", [1.0, 10.0, 35.0])
def test_a_sine_stays_the_same_sine_at_the_same_time(rate_hz, frequency_hz):
    t_in, t_out = np.arange(round(8 * rate_hz)) / rate_hz, np.arange(4000) / 500.0
    y = resampled(np.sin(2 * np.pi * frequency_hz * t_in), [], rate_hz)[:4000]
    inside = slice(500, 3500)
    np.testing.assert_allclose(y[inside], np.sin(2 * np.pi * frequency_hz * t_out)[inside], atol=2.5e-3)


def test_what_the_slower_rate_cannot_carry_is_filtered_out():
    y = resampled(np.sin(2 * np.pi * 400.0 * np.arange(5000) / 1000.0), [], 1000.0)
    assert np.abs(y[200:-200]).max() < 2e-3


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_constant_stays_constant_up_to_both_ends(rate_hz):
    np.testing.assert_allclose(resampled(np.full(600, 3.0), [], rate_hz), 3.0, rtol=1e-12)


def test_equal_rates_change_nothing():
    x = np.random.default_rng(1).normal(size=777)
    np.testing.assert_array_equal(resampled(x, [100, 200], 500.0), x)


@given(st.sampled_from(RATES_HZ), st.sampled_from([256.0, 500.0]), st.integers(1, 3000))
def test_so_many_samples_as_it_asks_for_give_so_many_and_one_less_does_not(rate_hz, rate_out_hz, n_out):
    needed = PolyphaseResampler(rate_hz, rate_out_hz).inputs_for(n_out)
    given = [PolyphaseResampler(rate_hz, rate_out_hz).push(np.ones(n)).size for n in (needed, needed - 1)]
    assert given[0] >= n_out > given[1]


def test_nothing_is_needed_to_give_nothing():
    assert PolyphaseResampler(360.0, 500.0).inputs_for(0) == 0


def test_a_resampler_that_was_given_nothing_gives_nothing():
    assert PolyphaseResampler(360.0, 500.0).finish().size == 0


def test_rates_too_far_apart_are_refused():
    with pytest.raises(ValueError, match="too far apart"):
        PolyphaseResampler(1e9, 500.0)
