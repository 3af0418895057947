"""A graph read back is the graph that was written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.operators import read_operators
from converter.target import Target
from tests.converter.networks import SMALL, random_weights

RANDOM = np.random.default_rng(0)
WEIGHTS, BIAS = (RANDOM.normal(0, 1, shape).astype(np.float32) for shape in ((6, 2, 5), (6,)))
FACTORS = np.array([1.0, 0.5, 2.0, 0.25, 3.0, 0.125], np.float32)
HEAD, HEAD_BIAS = (RANDOM.normal(0, 1, shape).astype(np.float32) for shape in ((3, 4), (3,)))


def every_operator():
    """A graph with one of each kind, two of ADD."""
    graph = Graph("all")
    signal = graph.input("x", (1, 76))
    x = graph.reshape("in4d", signal, (1, 1, 19, 4))
    x = graph.conv("conv", x, WEIGHTS, BIAS, stride=2)
    x = graph.mul("swish", x, graph.logistic("sig", x))
    x = graph.scale("scaled", x, FACTORS)
    first, second = graph.split("split", x, 2)
    x = graph.concatenation("joined", [graph.add("twice", first, first), second])
    x = graph.add("add", x, graph.mul("gated", x, graph.mean_over_time("gate", x, keep_dims=True)))
    x = graph.max_pool("pool", graph.pad("padl", x, width_after=2), 3)
    part, _ = graph.split("halves", graph.pad("padc", x, channels=(1, 1)), 2)
    y = graph.fully_connected("dense", graph.mean_over_time("gap", part, keep_dims=False), HEAD, HEAD_BIAS)
    return graph.to_bytes(signal, y)


MODEL = every_operator()
GRAPH = read_operators(MODEL)


def named(name):
    """The operator that writes a tensor of that name."""
    return GRAPH.operators[GRAPH.writer[GRAPH.names.index(name)]]


def names_of(tensors):
    return [GRAPH.names[tensor] for tensor in tensors]


def test_operators_come_in_the_order_in_which_they_were_written():
    assert [operator.kind for operator in GRAPH.operators] == [
        "RESHAPE", "CONV_2D", "LOGISTIC", "MUL", "MUL", "SPLIT", "ADD", "CONCATENATION", "MEAN", "MUL", "ADD", "PAD",
        "MAX_POOL_2D", "PAD", "SPLIT", "MEAN", "FULLY_CONNECTED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("in4d", ["x"]),
        ("conv", ["in4d"]),
        ("swish", ["conv", "sig"]),
        ("scaled", ["swish"]),
        ("split/0", ["scaled"]),
        ("twice", ["split/0", "split/0"]),
        ("joined", ["twice", "split/1"]),
        ("gated", ["joined", "gate"]),
        ("gap", ["halves/0"]),
        ("dense", ["gap"]),
    ],
)
def test_an_operator_reads_what_it_was_given(name, read):
    assert names_of(named(name).inputs) == read


def test_a_split_writes_all_its_parts():
    assert names_of(named("split/1").outputs) == ["split/0", "split/1"]
    assert GRAPH.names[named("split/1").output] == "split/0"


def test_strides_are_those_of_convolutions_and_pools_and_one_elsewhere():
    strides = {GRAPH.names[operator.output]: operator.stride for operator in GRAPH.operators if operator.stride != 1}
    assert strides == {"conv": 2, "pool": 3}


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("conv", [WEIGHTS.transpose(0, 2, 1)[:, None], BIAS]),
        ("scaled", [FACTORS]),
        ("dense", [HEAD, HEAD_BIAS]),
        ("gap", [np.array([1, 2], np.int32)]),
        ("padl", [np.array([[0, 0], [0, 0], [0, 2], [0, 0]], np.int32)]),
        ("padc", [np.array([[0, 0], [0, 0], [0, 0], [1, 1]], np.int32)]),
        ("in4d", [np.array([-1, 1, 19, 4], np.int32)]),
        ("split/0", [np.array(3, np.int32)]),
        ("swish", []),
        ("joined", []),
    ],
)
def test_constants_come_back_with_their_values_shapes_and_types(name, constants):
    for found, written in zip(named(name).constants, constants, strict=True):
        np.testing.assert_array_equal(found, written, strict=True)


def test_shapes_are_those_of_every_tensor():
    shapes = {GRAPH.names[tensor]: GRAPH.shapes[tensor] for tensor in GRAPH.activations}
    assert shapes["x"] == (1, 76)
    assert shapes["conv"] == (1, 1, 10, 6)
    assert shapes["split/1"] == (1, 1, 10, 3)
    assert shapes["gate"] == (1, 1, 1, 6)
    assert shapes["pool"] == (1, 1, 4, 6)
    assert shapes["halves/1"] == (1, 1, 4, 4)
    assert shapes["dense"] == (1, 3)


@pytest.mark.parametrize("model", [MODEL, *(
    emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=0)), 97, target=target) for target in Target
)], ids=["every operator", *Target])  # fmt: skip
def test_writers_and_readers_are_the_operators_inputs_and_outputs_the_other_way_round(model):
    graph = read_operators(model)
    edges_in = sorted((tensor, i) for i, operator in enumerate(graph.operators) for tensor in operator.inputs)
    edges_out = sorted((tensor, i) for i, operator in enumerate(graph.operators) for tensor in operator.outputs)
    assert sorted((tensor, i) for tensor, readers in graph.readers.items() for i in readers) == edges_in
    assert sorted(graph.writer.items()) == edges_out
    assert graph.activations == (graph.input, *(tensor for operator in graph.operators for tensor in operator.outputs))


def test_a_tensor_is_written_before_it_is_read():
    assert all(
        GRAPH.writer[tensor] < reader
        for tensor, readers in GRAPH.readers.items()
        if tensor in GRAPH.writer
        for reader in readers
    )


@given(
    width=st.integers(1, 40),
    stride=st.integers(1, 4),
    taps=st.integers(1, 6),
    groups=st.integers(1, 3),
    name=st.text(st.characters(exclude_categories=("Cs",)), min_size=1),
)
def test_any_convolution_comes_back_as_it_was_written(width, stride, taps, groups, name):
    weights = np.arange(2 * groups * 3 * taps, dtype=np.float32).reshape(2 * groups, 3, taps)
    bias = np.arange(2 * groups, dtype=np.float32)
    graph = Graph("one")
    x = graph.input("x", (1, 1, width, 3 * groups))
    written = graph.conv(name, x, weights, bias, stride)
    model = graph.to_bytes(x, written)
    read = read_operators(model)
    (operator,) = read.operators
    assert (operator.stride, read.names[operator.output]) == (stride, name)
    assert read.shapes[read.output] == written.shape
    np.testing.assert_array_equal(operator.constants[0][:, 0].transpose(0, 2, 1), weights)
    np.testing.assert_array_equal(operator.constants[1], bias)
