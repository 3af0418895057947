"""The yardstick counts what it timed, and its spread is of the middle half."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.yardstick import Yardstick, spread

TIMES = st.lists(st.floats(0.1, 1e3), min_size=2, max_size=50)


def test_each_time_is_kept_in_milliseconds() -> None:
    ticks = iter([1.0, 1.25, 2.0, 2.5])
    yardstick = Yardstick(now_s=lambda: next(ticks))
    assert yardstick.median_ms is None
    assert [yardstick.measure(), yardstick.measure()] == [250.0, 500.0]
    assert yardstick.times_ms == [250.0, 500.0]
    assert yardstick.median_ms == 375.0


def test_one_time_has_no_spread() -> None:
    assert spread([1.0]) == 0.0


@given(TIMES, st.floats(0.5, 2.0))
def test_a_faster_machine_has_the_same_spread(times: list[float], factor: float) -> None:
    assert abs(spread([factor * ms for ms in times]) - spread(times)) < 1e-6
