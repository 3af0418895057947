import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.growth.law import Verdict, fit

SIZES = (1, 2, 4, 8, 16, 32, 64)


def noisy(costs, *, part=0.0, n_rounds=7, seed=1):
    """Rounds of costs, each up to such a part too high."""
    draws = np.random.default_rng(seed).uniform(0, part, (n_rounds, len(costs)))
    return np.asarray(costs, np.float64) * (1 + draws)


def costs(law):
    return [law(n) for n in SIZES]


@given(exponent=st.floats(-1, 3), scale=st.floats(1e-6, 1e6))
def test_the_exponent_of_a_power_is_found(exponent, scale):
    law = fit(SIZES, noisy(costs(lambda n: scale * n**exponent)))
    for found in (law.exponent, law.late):
        assert found.value == pytest.approx(exponent, abs=1e-6)
        assert found.low == pytest.approx(found.high, abs=1e-6)


@given(exponent=st.floats(0, 2), seed=st.integers(0, 100))
def test_the_interval_of_a_noisy_power_is_narrow_and_near_it(exponent, seed):
    found = fit(SIZES, noisy(costs(lambda n: n**exponent), part=0.02, seed=seed)).exponent
    assert found.low <= found.value <= found.high
    assert found.low - 0.02 <= exponent <= found.high + 0.02
    assert found.high - found.low < 0.03


@given(fixed=st.floats(0.01, 100), each=st.floats(0.01, 100))
def test_a_line_is_found(fixed, each):
    law = fit(SIZES, noisy(costs(lambda n: fixed + each * n)))
    assert (law.fixed, law.each) == (pytest.approx(fixed, rel=1e-3), pytest.approx(each, rel=1e-3))
    assert law.at(1000) == pytest.approx(fixed + each * 1000, rel=1e-3)
    assert law.verdict is not Verdict.WORSE


@pytest.mark.parametrize(
    ("law", "verdict"),
    [
        (lambda _: 7.0, Verdict.CONSTANT),
        (lambda n: 1 / n, Verdict.CONSTANT),
        (lambda n: 5.0 + 0.01 * np.log(n), Verdict.CONSTANT),
        (np.sqrt, Verdict.LINEAR_OR_BETTER),
        (lambda n: 3.0 * n, Verdict.LINEAR_OR_BETTER),
        (lambda n: 100.0 + n, Verdict.LINEAR_OR_BETTER),
        (lambda n: n * n, Verdict.WORSE),
        (lambda n: n**1.3, Verdict.WORSE),
        (lambda n: 300.0 + n * n, Verdict.WORSE),
    ],
)
def test_the_verdict_is_that_of_the_law_also_under_noise(law, verdict):
    assert fit(SIZES, noisy(costs(law))).verdict is verdict
    assert fit(SIZES, noisy(costs(law), part=0.02)).verdict is verdict


def test_a_square_behind_a_fixed_cost_shows_in_the_largest_sizes_alone():
    law = fit(SIZES, noisy(costs(lambda n: 3000.0 + n * n)))
    assert law.exponent.high < 0.5
    assert law.late.low > 0.5


def test_noise_that_reaches_over_the_limit_leaves_it_undecided():
    assert fit(SIZES, noisy(costs(lambda n: n**1.1), part=0.3)).verdict is Verdict.UNDECIDED


def test_an_exponent_is_written_without_a_minus_before_nothing():
    assert str(fit(SIZES, noisy(costs(lambda n: 1 - 1e-9 * n))).exponent) == "0.00 (0.00 to 0.00)"


@pytest.mark.parametrize(
    ("sizes", "rounds"),
    [
        ((1,), [[1.0]]),
        ((1, 2), [[1.0, 2.0, 3.0]]),
        ((2, 1), [[1.0, 2.0]]),
        ((0, 1), [[1.0, 2.0]]),
        ((1, 2), [[0.0, 2.0]]),
        ((1, 2), [[1.0, np.inf]]),
        ((1, 2), [1.0, 2.0]),
    ],
)
def test_what_is_no_measurement_is_refused(sizes, rounds):
    with pytest.raises(ValueError, match="sizes"):
        fit(sizes, np.asarray(rounds))
