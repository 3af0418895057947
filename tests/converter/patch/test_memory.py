"""Where buffers lie: never over each other but as the kernels allow, and the numbers stay the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.distil.emit import untrained
from converter.patch.execute import execute
from converter.patch.memory import WINDOW, eager, plan_memory
from converter.patch.reading import read_network
from converter.patch.schedule import schedule
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.converter.patch.built import random_inputs
from tests.converter.patch.int8_models import random_model
from tests.converter.patch.simulated import Board, wrongly_shared

SEEDS = st.integers(0, 100_000)


@given(SEEDS, st.integers(0, 4_000))
@settings(max_examples=40)
def test_no_buffer_lies_over_another_but_as_its_kernel_allows(seed, window_bytes):
    plan = plan_memory(schedule(read_network(random_model(seed))), 4 * window_bytes, tries=30)
    assert wrongly_shared(plan) == []


@given(SEEDS)
@settings(max_examples=25)
def test_a_plan_run_byte_by_byte_gives_the_networks_numbers(seed):
    network = read_network(random_model(seed))
    plan = plan_memory(schedule(network), tries=30)
    inputs = random_inputs(3, network.tensors[network.input].size_bytes, seed)
    board = Board.of(plan)
    assert np.array_equal([board.run(x) for x in inputs], execute(network, inputs))


@given(SEEDS)
@settings(max_examples=20)
def test_everything_lies_within_the_arena_and_aligned(seed):
    plan = plan_memory(schedule(read_network(random_model(seed))), 400, tries=10)
    assert all(offset % 4 == 0 and offset >= 0 for offset in plan.offsets.values())
    assert all(offset is None or offset % 8 == 0 for offset in plan.scratch)
    assert plan.offsets[WINDOW] % 8 == 0
    assert plan.offsets[WINDOW] + 400 <= plan.arena_bytes


@given(SEEDS)
@settings(max_examples=20)
def test_the_input_begins_where_the_window_begins_or_before_or_outside(seed):
    plan = plan_memory(schedule(read_network(random_model(seed))), 2_000, tries=10)
    apart = plan.offsets[plan.schedule.input] - plan.offsets[WINDOW]
    assert apart <= 0 or apart >= 2_000


@given(SEEDS)
@settings(max_examples=30)
def test_another_order_computes_the_same(seed):
    network = read_network(random_model(seed))
    other = eager(schedule(network))
    if other is not None:
        inputs = random_inputs(2, network.tensors[network.input].size_bytes, seed)
        board = Board.of(plan_memory(other, tries=5))
        assert np.array_equal([board.run(x) for x in inputs], execute(network, inputs))


def test_the_same_schedule_always_gets_the_same_plan():
    scheduled = schedule(read_network(random_model(8)))
    assert plan_memory(scheduled).offsets == plan_memory(scheduled).offsets


@pytest.mark.parametrize(("path", "most_bytes"), [(SHIPPED, 83_000), (SHIPPED_WAVES, 38_000)])
def test_shipped_packs_keep_to_what_the_readme_says(path, most_bytes):
    pack = read_any_pack(path)
    window_bytes = 4 * pack.manifest.preprocessing.window_samples
    plan = plan_memory(schedule(read_network(pack.model)), window_bytes)
    assert plan.arena_bytes <= most_bytes
    assert wrongly_shared(plan) == []


def test_a_student_needs_less_than_18_kb_window_included():
    plan = plan_memory(schedule(read_network(untrained(0))), 5_000)
    assert plan.arena_bytes <= 18_000
