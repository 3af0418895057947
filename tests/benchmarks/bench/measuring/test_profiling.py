"""Operators' times out of whole microseconds, and LiteRT's profiler itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.asks import Profile
from benchmarks.bench.measuring.profiling import operator_times, profile
from edge.interpreter import installed_runtimes
from edge.pack import SHIPPED_WAVES

US = st.lists(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), min_size=1, max_size=40)


@given(US)
def test_shares_are_of_the_whole(us: list[list[int]]) -> None:
    times = operator_times(["a", "b", "c"], us)
    assert [one.name for one in times] == ["0 a", "1 b", "2 c"]
    total = sum(one.share for one in times)
    assert total == pytest.approx(1.0, abs=1e-5) or all(one.ms == 0.0 for one in times)


def test_half_a_microsecond_is_seen_though_the_runtime_tells_whole_ones() -> None:
    (time,) = operator_times(["a"], [[i % 2] for i in range(64)])
    assert time.ms == pytest.approx(0.5e-3)


def test_litert_tells_of_every_convolution_of_a_shipped_pack() -> None:
    if next(iter(installed_runtimes()), None) != "litert":
        pytest.skip("only LiteRT has a profiler")
    found = profile(Profile(pack=SHIPPED_WAVES, seconds=0.05))
    assert "LiteRT" in found.source
    kinds = [one.name for one in found.operators if "GEMM" in one.name]
    assert len(kinds) == 35  # CONV_2D of the waves pack
    assert sum(one.share for one in found.operators) == pytest.approx(1.0, abs=1e-4)
