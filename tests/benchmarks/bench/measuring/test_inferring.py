"""Runs of the network: what is kept of many, and that a turn goes on until there are enough."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.inferring import FEWEST, MOST_KEPT, steady, takes, thinned
from benchmarks.bench.measuring.yardstick import Yardstick
from edge.interpreter import open_interpreter
from edge.model import open_model
from edge.pack import SHIPPED, read_pack


@given(st.integers(1, 5000))
def test_of_many_values_every_kth_is_kept(n: int) -> None:
    values = [float(i) for i in range(n)]
    kept = thinned(values)
    assert len(kept) <= MOST_KEPT
    steps = {b - a for a, b in itertools.pairwise(kept)}
    assert len(steps) <= 1
    assert kept[0] == 0.0
    assert n <= MOST_KEPT or len(kept) > MOST_KEPT // 2


def test_there_are_ten_values_however_short_the_time() -> None:
    calls = []
    yardstick = Yardstick()
    run = steady(lambda: calls.append(1), amount=4, seconds=0.0, yardstick=yardstick)
    assert len(run.values) >= FEWEST
    assert len(calls) >= len(run.values) + len(yardstick.times_ms)  # one call of each turn is not timed
    assert run.yardstick_ms is not None


def test_a_batch_is_measured_only_where_the_loop_would_run_it() -> None:
    pack = read_pack(SHIPPED)
    model = open_model(pack)
    interpreter = open_interpreter(pack.model)
    for batch in (2, 3):
        assert takes(interpreter, pack.self_test.inputs, batch) == (model.batch_of(batch) == batch)
