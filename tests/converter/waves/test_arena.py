import itertools

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.graph import Graph
from converter.quantise import Mode, quantise
from converter.waves.architecture import WAVES_NETWORK
from converter.waves.arena import plan, with_plan
from converter.waves.emit import emit
from edge.interpreter import open_interpreter
from tests.converter.waves.networks import SMALL, random_weights

ALIGN = 16


def parsed(model):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))


def rounded(n):
    return -(-n // ALIGN) * ALIGN


def bytes_of(model):
    """Bytes of each tensor that is no constant, by number."""
    whole = parsed(model)
    graph = whole.subgraphs[0]
    return {
        i: rounded(int(np.prod(t.shape)) * (1 if t.type == schema.TensorType.INT8 else 4))
        for i, t in enumerate(graph.tensors)
        if whole.buffers[t.buffer].data is None
    }


def alive(model):
    """At each operator, the tensors that hold something still needed, or written by it."""
    graph = parsed(model).subgraphs[0]
    sizes = bytes_of(model)
    steps = len(graph.operators)
    first = {int(t): 0 for t in graph.inputs}
    last = {}
    for step, op in enumerate(graph.operators):
        for t in map(int, op.outputs):
            first.setdefault(t, step)
        for t in map(int, op.inputs):
            last[t] = step
    for t in map(int, graph.outputs):
        last[t] = steps
    return [[t for t in sizes if t in first and first[t] <= step <= last.get(t, first[t])] for step in range(steps)]


def smallest(model):
    """The largest sum of what is alive at once: no plan can do with less."""
    sizes = bytes_of(model)
    return max(sum(sizes[t] for t in together) for together in alive(model))


def overlapping(model):
    """Pairs of tensors alive at once that share a byte."""
    offsets, sizes = plan(model).offsets, bytes_of(model)
    pairs = {pair for together in alive(model) for pair in itertools.combinations(together, 2)}
    return [(a, b) for a, b in pairs if offsets[a] < offsets[b] + sizes[b] and offsets[b] < offsets[a] + sizes[a]]


def random_graph(seed, n_operators):
    """Convolutions of any width, and sums of tensors from long before."""
    random = np.random.default_rng(seed)
    graph = Graph("random")
    x = graph.input("x", (1, 1, 24, 4))
    made = [x]
    for i in range(n_operators):
        y = made[random.integers(max(0, len(made) - 4), len(made))]
        same = [z for z in made if z.shape == y.shape and z is not y]
        if same and random.random() < 0.4:
            made.append(graph.add(f"add{i}", y, same[random.integers(len(same))]))
            continue
        width = int(random.choice([2, 4, 4, 8]))
        weights = random.normal(0, 0.3, (width, y.shape[-1], 3)).astype(np.float32)
        made.append(graph.conv(f"conv{i}", y, weights, np.zeros(width, np.float32), relu=True))
    return graph.to_bytes(x, made[-1])


graphs = st.builds(random_graph, st.integers(0, 10_000), st.integers(1, 20))


def int8(architecture, seed=0):
    windows = np.random.default_rng(seed).normal(0, 1, (8, architecture.window_samples)).astype(np.float32)
    return quantise(emit(random_weights(architecture, seed), architecture), Mode.FULL, windows)


@pytest.fixture(scope="module")
def shipped():
    return int8(WAVES_NETWORK)


@given(graphs)
def test_no_two_tensors_alive_at_once_overlap(model):
    assert overlapping(model) == []


@given(graphs)
def test_a_plan_is_as_large_as_its_last_tensor_ends(model):
    arena, sizes = plan(model), bytes_of(model)
    assert arena.size_bytes == max(arena.offsets[t] + n for t, n in sizes.items())


@given(graphs)
def test_a_plan_is_never_smaller_than_what_is_alive_at_once_nor_larger_than_all_of_it(model):
    assert smallest(model) <= plan(model).size_bytes <= sum(bytes_of(model).values())


@given(graphs)
def test_constants_have_no_place_and_all_else_has_an_aligned_one(model):
    offsets, places = plan(model).offsets, bytes_of(model)
    assert all((offset >= 0) == (i in places) for i, offset in enumerate(offsets))
    assert all(offset % ALIGN == 0 for offset in offsets if offset >= 0)


@given(graphs, st.integers(0, 1000))
@settings(max_examples=25)
def test_a_plan_in_the_metadata_changes_no_output(model, seed):
    x = np.random.default_rng(seed).normal(0, 1, (24, 4)).astype(np.float32)
    outputs = [open_interpreter(m).invoke(x) for m in (model, with_plan(model))]
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_a_plan_changes_no_output_of_an_int8_network(runtime):
    model = int8(SMALL)
    x = np.random.default_rng(1).integers(-128, 128, (1, 64)).astype(np.int8)
    outputs = [open_interpreter(m, runtime=runtime).invoke(x) for m in (model, with_plan(model))]
    np.testing.assert_array_equal(*outputs)


def test_the_shipped_network_fits_into_38400_bytes(shipped):
    assert plan(shipped).size_bytes == 38_400


def test_no_plan_of_the_shipped_network_can_be_smaller(shipped):
    assert plan(shipped).size_bytes == smallest(shipped)


def test_the_shipped_networks_tensors_do_not_overlap(shipped):
    assert overlapping(shipped) == []


def test_a_float_network_takes_four_times_as_much(shipped):
    assert plan(emit(random_weights(WAVES_NETWORK, 0))).size_bytes == 4 * plan(shipped).size_bytes


def test_a_plan_is_written_as_tflite_micro_reads_it(shipped):
    model = parsed(with_plan(shipped))
    [entry] = [m for m in model.metadata if m.name == b"OfflineMemoryAllocation"]
    version, subgraph, n, *offsets = np.asarray(model.buffers[entry.buffer].data, np.uint8).view(np.int32).tolist()
    assert (version, subgraph, n, tuple(offsets)) == (1, 0, len(offsets), plan(shipped).offsets)


def test_metadata_that_was_there_stays():
    twice = parsed(with_plan(with_plan(int8(SMALL))))
    assert len(twice.metadata) == 1 + len(parsed(with_plan(int8(SMALL))).metadata)
