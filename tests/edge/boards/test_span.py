import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.boards.span import Span

figures = st.floats(0.001, 1000)
spans = st.lists(figures, min_size=3, max_size=3).map(lambda three: Span(*sorted(three)))
inside = st.floats(0, 1)


def within(span, part):
    return span.low + part * (span.high - span.low)


def holds(span, value):
    return span.low * (1 - 1e-9) <= value <= span.high * (1 + 1e-9)


@given(spans, spans, inside, inside)
def test_what_is_inside_stays_inside(a, b, x, y):
    p, q = within(a, x), within(b, y)
    assert holds(a + b, p + q)
    assert holds(a * b, p * q)
    assert holds(a.under(2), 2 / p)


@given(spans, spans)
def test_the_typical_figure_is_between_the_ends(a, b):
    for span in (a + b, a * b, a * 3, a.under(1)):
        assert span.low <= span.typical <= span.high


@pytest.mark.parametrize("three", [(2, 1, 3), (1, 3, 2), (-1, 0, 1), (float("nan"), 1, 2)])
def test_figures_that_do_not_ascend_are_no_span(three):
    with pytest.raises(ValueError, match="ascend"):
        Span(*three)
