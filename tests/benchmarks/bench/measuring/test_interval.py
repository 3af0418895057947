"""Intervals over processes, and how they widen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.interval import interval, number, widening
from benchmarks.bench.result import Mood

FIGURES = st.lists(st.floats(0.01, 100.0), min_size=2, max_size=12)
QUIET = Mood(load_average=(0.0, 0.0), stolen=0.0, others=0.0, yardstick_spread=0.5)


@given(FIGURES)
def test_the_interval_holds_the_median_and_lies_within_the_processes(figures: list[float]) -> None:
    found = interval(figures)
    middle = sorted(figures)[(len(figures) - 1) // 2]
    assert found.low is not None
    assert found.high is not None
    assert min(figures) - 1e-9 <= found.low <= found.high <= max(figures) + 1e-9
    assert found.low <= sorted(figures)[len(figures) // 2] + 1e-9
    assert found.high >= middle - 1e-9


@given(FIGURES, st.floats(1.0, 3.0))
def test_a_wider_interval_holds_the_narrow_one_and_nothing_below_zero(figures: list[float], wider: float) -> None:
    narrow, wide = interval(figures), interval(figures, wider)
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert 0.0 <= wide.low <= narrow.low + 1e-9
    assert wide.high >= narrow.high - 1e-9


def test_one_process_says_nothing_of_others() -> None:
    assert str(interval([1.0])) == "-"


def test_only_a_noisy_machine_widens_and_not_without_end() -> None:
    assert widening(QUIET) == 1.0
    noisy = QUIET.model_copy(update={"noisy": ("others",)})
    assert widening(noisy) == 1.5
    assert widening(noisy.model_copy(update={"yardstick_spread": 40.0})) == 3.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.000412, "0.000412"),
        (0.00123456, "0.00123"),
        (0.5, "0.500"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1234.5, "1,230"),
        (1e-9, "0.000000"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, said: str) -> None:
    assert number(value) == said
