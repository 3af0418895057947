"""What may be asked for, and what may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.measuring.settings import Settings, numbers
from edge.pack import SHIPPED_WAVES

WHOLE = Settings(
    threads=(1, 2),
    batches=(1, 4),
    streams=(1, 8),
    hop_s=10.0,
    seconds=10.0,
    processes=5,
    loop_minutes=60.0,
    streams_minutes=10.0,
    waves=SHIPPED_WAVES,
)


@given(st.lists(st.integers(1, 1024), min_size=1, max_size=8))
def test_a_list_of_numbers_is_read_in_order_each_once(values: list[int]) -> None:
    assert numbers(",".join(map(str, values))) == tuple(sorted(set(values)))


@pytest.mark.parametrize("text", ["", ",", "0", "-1", "1,x", "1.5", "1025", "1;2"])
def test_what_is_no_list_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(BenchError) as caught:
        numbers(text)
    assert caught.value.fault is BenchFault.BAD_SETTING


def test_a_quick_look_asks_for_no_more_of_anything() -> None:
    quick = WHOLE.quick()
    assert len(quick.threads) == len(quick.batches) == 1
    assert quick.seconds < WHOLE.seconds
    assert quick.processes < WHOLE.processes
    assert 0.0 < quick.loop_minutes < WHOLE.loop_minutes
    assert quick.quick() == quick


def test_settings_say_all_of_themselves_in_one_line() -> None:
    assert WHOLE.line == (
        "--threads 1,2 --batch 1,4 --seconds 10 --processes 5 --hop 10 --loop (60 minutes) --streams 1,8 (10 minutes)"
    )
