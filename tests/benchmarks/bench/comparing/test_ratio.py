"""Laws of the ratio, its interval and Holm's correction."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from benchmarks.bench.comparing.ratio import Drift, Units, holm, ratio

NO_DRIFT = Drift(0.0, likeness=0.0)
DRIFT = Drift(0.02, usual=0.03, power=1.0, doubt=0.25)
above_zero = st.floats(1e-3, 1e3)
figures = st.lists(above_zero, min_size=2, max_size=8)
probabilities = st.lists(st.floats(0, 1), max_size=20)


@st.composite
def units(draw):
    runs = draw(st.lists(st.tuples(above_zero, above_zero), min_size=2, max_size=8))
    return Units([run[0] for run in runs], [run[1] for run in runs])


def test_without_drift_it_is_welchs_test_on_the_logarithms():
    a, b = [1.0, 1.1, 1.05, 0.97], [1.3, 1.2, 1.25]
    found = ratio(Units(a), Units(b), NO_DRIFT)
    expected = ttest_ind(np.log(b), np.log(a), equal_var=False)
    low, high = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))


@given(units(), units(), st.randoms())
def test_the_order_of_processes_is_of_no_weight(a, b, random):
    runs = list(zip(a.figures, a.yardsticks, strict=True))
    random.shuffle(runs)
    shuffled = Units([run[0] for run in runs], [run[1] for run in runs])
    one, other = ratio(a, b, DRIFT), ratio(shuffled, b, DRIFT)
    assert (one.value, one.low, one.high, one.p) == pytest.approx((other.value, other.low, other.high, other.p))


@given(units(), units())
def test_swapping_the_two_inverts_the_ratio(a, b):
    one, other = ratio(a, b, DRIFT), ratio(b, a, DRIFT)
    inverted = (1 / other.value, 1 / other.high, 1 / other.low, other.p)
    assert (one.value, one.low, one.high, one.p) == pytest.approx(inverted)


@given(units(), units(), above_zero, above_zero)
def test_another_unit_changes_nothing(a, b, scale, yard_scale):
    def scaled(one):
        return Units([scale * f for f in one.figures], [yard_scale * y for y in one.yardsticks])

    one, other = ratio(a, b, DRIFT), ratio(scaled(a), scaled(b), DRIFT)
    assert (one.value, one.p) == pytest.approx((other.value, other.p), rel=1e-5)


@given(units(), units(), st.floats(0.01, 100))
def test_a_machine_twice_as_slow_gives_the_same_ratio_over_the_yardstick(a, b, slow):
    slowed = Units([slow * f for f in b.figures], [slow * y for y in b.yardsticks])
    assert ratio(a, b, DRIFT).value == pytest.approx(ratio(a, slowed, DRIFT).value)


@given(figures, figures, st.floats(1, 3))
def test_more_noise_widens_the_interval_and_never_makes_a_difference(a, b, widening):
    narrow, wide = (ratio(Units(a), Units(b), DRIFT, widening=w) for w in (1.0, widening))
    assert wide.low <= narrow.low * (1 + 1e-12)
    assert wide.high >= narrow.high * (1 - 1e-12)
    assert wide.p >= narrow.p - 1e-12


@given(units(), units())
def test_the_interval_excludes_one_just_where_p_is_below_a_twentieth(a, b):
    found = ratio(a, b, DRIFT)
    if abs(found.p - 0.05) > 1e-6:
        assert (found.low > 1 or found.high < 1) == (found.p < 0.05)


@given(figures, above_zero)
def test_one_process_gives_a_ratio_and_no_interval(a, b):
    found = ratio(Units(a), Units([b]), DRIFT)
    assert found.value > 0
    assert (found.low, found.high, found.p) == (None, None, None)


def test_figures_from_one_end_of_the_numbers_to_the_other_still_have_an_interval():
    found = ratio(Units([1e-300, 1e300], [1e300, 1e-300]), Units([1.0, 2.0], [1.0, 1.0]), DRIFT)
    assert 0 < found.low < found.high < math.inf


def test_two_processes_that_agree_by_chance_are_not_taken_for_certain():
    a, b = Units([1.0, 1.0]), Units([1.1, 1.1])
    assert ratio(a, b, DRIFT).high > ratio(a, b, Drift(0.02, power=1.0, doubt=0.25)).high


def test_yardsticks_far_apart_are_trusted_less():
    a = Units([1.0, 1.01, 1.02], [1.0, 1.0, 1.0])
    near, far = Units([1.0, 1.01, 1.02], [1.0, 1.0, 1.0]), Units([1.4, 1.414, 1.428], [1.4, 1.4, 1.4])
    assert ratio(a, far, DRIFT).high > ratio(a, near, DRIFT).high


def test_what_never_varies_differs_or_does_not():
    assert ratio(Units([2.0, 2.0]), Units([2.0, 2.0]), NO_DRIFT).p == 1.0
    assert ratio(Units([2.0, 2.0]), Units([3.0, 3.0]), NO_DRIFT).p == 0.0


def test_holm_multiplies_the_smallest_by_all_and_the_next_by_one_less():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(probabilities, st.randoms())
def test_holm_does_not_depend_on_the_order(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm([p[i] for i in order]) == [holm(p)[i] for i in order]


@given(probabilities)
def test_holm_never_makes_a_probability_smaller(p):
    assert all(before <= after <= 1.0 for before, after in zip(p, holm(p), strict=True))
