"""What the page works out is what the values say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.comparing.comparison import Named
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.report.figures import floor, line_through, spread
from benchmarks.bench.report.numbers import counted, listed, percent, three
from benchmarks.bench.report.series import N_COLOURS, series_of, sign, subjects_of
from benchmarks.bench.result import Peak
from edge.page.markup import MINUS, UNKNOWN
from tests.benchmarks.bench.report.results import a_pack, a_result


def shares(points, **conditions):
    """Measurements of a share of a core, by number of streams."""
    return [
        Measurement(
            quantity=Quantity.CPU_SHARE,
            conditions=Conditions(streams=n, **conditions),
            runs=tuple(Run(values=(value,)) for value in values),
        )
        for n, values in points.items()
    ]


@given(st.lists(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20), min_size=1, max_size=6))
def test_a_spread_is_ordered_and_counts_everything(values):
    runs = tuple(Run(values=tuple(run)) for run in values)
    s = spread(Measurement(quantity=Quantity.INFERENCE, conditions=Conditions(), runs=runs))
    assert s.p95 <= s.p99 <= s.most * (1 + 1e-12)
    assert s.n == sum(map(len, values))
    assert len(s.medians) == len(values)
    assert min(s.medians) <= s.p50 <= max(s.medians)


def test_the_floor_is_the_longer_of_arithmetic_and_reading():
    peak = Peak(threads=1, int8_gmacs=20.0, read_gb_s=5.0)
    compute = floor(a_pack(macs=20_000_000).model_copy(update={"weight_bytes": 1000}), peak)
    memory = floor(a_pack(macs=20_000_000).model_copy(update={"weight_bytes": 50_000_000}), peak)
    assert (compute.ms, compute.bound) == (pytest.approx(1.0), "arithmetic")
    assert (memory.ms, memory.bound) == (pytest.approx(10.0), "reading the weights")


@given(st.floats(0.01, 20.0), st.floats(0.0, 20.0))
def test_a_line_finds_the_share_of_a_wearable(each, besides):
    line = line_through(shares({n: [besides + each * n] * 2 for n in (1, 2, 4, 8)}))
    assert line.each == pytest.approx(each, rel=1e-6)
    assert line.besides == pytest.approx(besides, abs=1e-6)
    assert line.carried == pytest.approx((100 - besides) / each, abs=1.001)
    assert (line.most, line.n, line.r2) == (8, 8, pytest.approx(1.0))


def test_there_is_no_line_through_one_number_of_streams_or_none():
    assert line_through(shares({4: [3.0, 3.1]})) is None
    assert line_through([]) is None


def test_no_number_of_wearables_follows_from_a_line_that_does_not_rise():
    assert line_through(shares({1: [2.0], 2: [1.0]})).carried is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"), (0.00012345, "0.000123"), (0.99999, "1.00"), (12.345, "12.3"), (99.99, "100"), (12345.0, "12,300"),
        (-3.2, f"{MINUS}3.20"), (None, UNKNOWN), (math.nan, UNKNOWN), (math.inf, UNKNOWN),
    ],
)  # fmt: skip
def test_three_figures_count(value, said):
    assert three(value) == said


@given(st.floats(1e-6, 1e9))
def test_a_number_is_within_half_a_per_cent_of_its_value_and_has_no_exponent(value):
    assert float(three(value).replace(",", "")) == pytest.approx(value, rel=0.005)


def test_shares_counts_and_lists_are_said():
    assert (percent(0.125), counted(21_000_000), counted(999_999)) == ("12.5 %", "21.0 million", "999,999")
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a, b and c")


def test_no_two_of_the_first_signs_look_alike():
    signs = [sign(i) for i in range(4 * N_COLOURS)]
    assert len(set(signs)) == len(signs)


def test_packs_are_found_across_results_by_their_label():
    both = a_pack("both 1.0.0")
    series = series_of([Named("a", a_result(both, a_pack("one 1.0.0"))), Named("b", a_result(both))])
    found = {subject.label: [one.letter for one, _ in subject.entries] for subject in subjects_of(series)}
    assert found == {"both 1.0.0": ["A", "B"], "one 1.0.0": ["A"]}


def test_a_single_result_has_no_letter():
    (only,) = series_of([Named("a", a_result())])
    assert (only.letter, only.before("said")) == ("", "said")


def test_the_fixture_is_the_same_whenever_it_is_made():
    assert a_result(seed=3) == a_result(seed=3)
    assert np.median(a_result(seed=3).packs[0].measurements[0].values) > 0
