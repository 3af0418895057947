"""Axes hold what is drawn on them, and their ticks are round."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.page.axes import Axis, Shape, Sign, linear, logarithmic, mark, snug
from edge.page.legend import legend
from edge.page.sheet import sheet

FINITE = st.floats(-1e6, 1e6)


@given(st.lists(FINITE, max_size=5))
def test_an_axis_holds_all_its_values_and_has_ticks_within_its_ends(values):
    axis = linear(values, 10.0, 210.0)
    assert all(axis.low <= value <= axis.high for value in values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 8
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= value <= axis.high + slack for value, _ in ticks)


@given(st.lists(st.floats(1e-12, 1e12), max_size=5))
def test_a_logarithmic_axis_spans_whole_decades(values):
    axis = logarithmic(values, 200.0, 10.0)
    assert all(axis.low * (1 - 1e-9) <= value <= axis.high * (1 + 1e-9) for value in values)
    assert len(axis.ticks()) <= 6


@given(st.lists(st.floats(1e-12, 1e12), max_size=5))
def test_a_snug_axis_holds_all_its_values_and_little_more(values):
    axis = snug(values, 0.0, 300.0)
    assert all(axis.low < value < axis.high for value in values)
    assert not values or axis.high / axis.low <= max(1.45, (max(values) / min(values)) ** 1.081)


def test_values_grow_along_an_axis():
    assert [Axis(0.01, 100.0, 0.0, 40.0, is_log=True)(value) for value in (0.001, 0.01, 1.0, 100.0, 1e9)] == [
        0.0,
        0.0,
        20.0,
        40.0,
        40.0,
    ]


def test_large_and_small_decades_are_powers():
    assert [label for _, label in Axis(1e-5, 1e-2, 0, 1, is_log=True).ticks()] == ["10⁻⁵", "10⁻⁴", "0.001", "0.01"]


def test_within_few_decades_ones_twos_and_fives_are_ticks():
    assert [label for _, label in Axis(0.8, 30.0, 0, 1, is_log=True).ticks()] == ["1", "2", "5", "10", "20"]
    assert [label for _, label in Axis(3.0, 4.5, 0, 1, is_log=True).ticks(4)] == ["3", "3.5", "4", "4.5"]


@given(st.floats(1e-9, 1e9), st.floats(1.01, 1e6), st.integers(3, 8))
def test_ticks_of_a_logarithmic_axis_are_some_and_not_too_many(low, ratio, most):
    axis = Axis(low, low * ratio, 0.0, 300.0, is_log=True)
    ticks = axis.ticks(most)
    assert 1 <= len(ticks) <= most + 2
    assert all(low * (1 - 1e-6) <= value <= low * ratio * (1 + 1e-6) for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


@pytest.mark.parametrize("shape", Shape)
def test_every_shape_is_drawn_and_says_what_it_is(shape):
    drawn = ET.fromstring(mark(3.0, 4.0, Sign("clean", shape), "<1 ms"))
    assert (drawn.get("class"), drawn.findtext("title")) == ("mark clean", "<1 ms")


def test_a_legend_names_each_sign():
    assert "first<svg" in legend([(Sign("a"), "first"), (Sign("b", Shape.SQUARE), "second")])


def test_a_page_has_its_own_rules_behind_the_common_ones():
    page = sheet("<A page>", [], style=".mine { fill: red; }")
    assert page.index("color-scheme") < page.index(".mine { fill: red; }") < page.index("<h1>&lt;A page&gt;</h1>")
