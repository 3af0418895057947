"""Derivatives are those of what the runtime computes: a small change of the input moves the output as they say."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from converter.activations import ActivationReader
from converter.graph import Graph
from converter.operators import Operator, read_operators
from converter.sensitivity.gradient import derivatives, input_gradients

seeds = st.integers(0, 2**32 - 1)


class Network:
    """A graph from one tensor of a given shape to another, run by the runtime's float kernels."""

    def __init__(self, shape, write):
        graph = Graph("test")
        x = graph.input("x", shape)
        self.model = graph.to_bytes(x, write(graph, x))
        self.graph = read_operators(self.model)
        self._reader = ActivationReader(self.model, self.graph)

    def values(self, x):
        return self._reader.read(x.astype(np.float32))

    def output(self, x):
        return self.values(x)[self.graph.output].astype(np.float64)

    def through_readers(self, x, gradient):
        return dict(derivatives(self.graph, self.values(x), gradient.astype(np.float32)))


def small_integers(random, shape, largest=8):
    """Values that single precision adds, multiplies and halves exactly."""
    return random.integers(-largest, largest + 1, shape).astype(np.float32)


def assert_derivative(network, seed, *, x=None, step=0.25, rtol=1e-5):
    """Compare with a central difference in a random direction, of a random sum of the outputs."""
    random, shape = np.random.default_rng(seed), network.graph.shapes[network.graph.input]
    x = small_integers(random, shape) if x is None else x
    direction = small_integers(random, shape, 1) * np.float32(step)
    weights = small_integers(random, network.graph.shapes[network.graph.output])
    difference = (network.output(x + direction) - network.output(x - direction)) / 2
    parts = network.through_readers(x, weights)[network.graph.input]
    terms = [part.astype(np.float64) * direction for part in parts]
    size = sum(np.abs(term).sum() for term in terms) + np.abs(weights * difference).sum()
    assert sum(term.sum() for term in terms) == pytest.approx(np.sum(weights * difference), abs=rtol * size + 1e-6)


@settings(max_examples=60)
@given(
    width=st.integers(1, 23),
    stride=st.integers(1, 4),
    taps=st.integers(1, 7),
    groups=st.integers(1, 3),
    per_group=st.integers(1, 3),
    out_per_group=st.integers(1, 3),
    seed=seeds,
)
def test_of_a_convolution(width, stride, taps, groups, per_group, out_per_group, seed):
    random = np.random.default_rng(seed)
    weights = small_integers(random, (groups * out_per_group, per_group, taps))
    bias = small_integers(random, groups * out_per_group)
    shape = (1, 1, width, groups * per_group)
    assert_derivative(Network(shape, lambda graph, x: graph.conv("y", x, weights, bias, stride)), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_fully_connected_layer_behind_a_mean(width, channels, seed):
    random = np.random.default_rng(seed)
    weights, bias = small_integers(random, (3, channels)), small_integers(random, 3)

    def write(graph, x):
        return graph.fully_connected("y", graph.mean_over_time("gap", x, keep_dims=False), weights, bias)

    assert_derivative(Network((1, 1, width, channels), write), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_product_with_constants(width, channels, seed):
    factors = small_integers(np.random.default_rng(seed), channels)
    assert_derivative(Network((1, 1, width, channels), lambda graph, x: graph.scale("y", x, factors)), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_product_with_one_factor_a_channel(width, channels, seed):
    def write(graph, x):
        return graph.mul("y", x, graph.mean_over_time("gate", x, keep_dims=True))

    assert_derivative(Network((1, 1, width, channels), write), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_product_with_itself(width, channels, seed):
    assert_derivative(Network((1, 1, width, channels), lambda graph, x: graph.mul("y", x, x)), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_sum_whose_terms_are_one_tensor_and_what_was_made_of_it(width, channels, seed):
    factors = small_integers(np.random.default_rng(seed), channels)

    def write(graph, x):
        return graph.add("y", graph.scale("scaled", x, factors), x)

    assert_derivative(Network((1, 1, width, channels), write), seed)


@given(width=st.integers(1, 20), channels=st.integers(1, 5), seed=seeds)
def test_of_a_logistic_function(width, channels, seed):
    network = Network((1, 1, width, channels), lambda graph, x: graph.logistic("y", x))
    x = np.random.default_rng(seed).normal(0, 2, (1, 1, width, channels)).astype(np.float32)
    assert_derivative(network, seed, x=x, step=1 / 128, rtol=1e-4)


@given(
    width=st.integers(1, 20),
    size=st.integers(1, 4),
    after=st.integers(0, 3),
    around=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    channels=st.integers(1, 4),
    seed=seeds,
)
def test_of_a_largest_value_behind_padding(width, size, after, around, channels, seed):
    after = max(after, size - width)
    random = np.random.default_rng(seed)
    distinct = 1 + random.permutation(width * channels).reshape(1, 1, width, channels).astype(np.float32)
    signed = np.where(random.random(distinct.shape) < 0.5, distinct, -distinct)  # some lose to the padding's zero

    def write(graph, x):
        return graph.max_pool("y", graph.pad("pad", x, width_after=after, channels=around), size)

    assert_derivative(Network((1, 1, width, channels), write), seed, x=signed)


def test_the_first_of_equal_values_has_the_whole_derivative():
    network = Network((1, 1, 4, 1), lambda graph, x: graph.max_pool("y", x, 2))
    x = np.array([3, 3, 1, 2], np.float32)
    (part,) = network.through_readers(x, np.array([5, 7], np.float32).reshape(1, 1, 2, 1))[network.graph.input]
    assert part.ravel().tolist() == [5, 0, 0, 7]


@given(width=st.integers(1, 9), parts=st.integers(1, 4), per_part=st.integers(1, 3), seed=seeds)
def test_of_parts_that_are_convolved_apart_and_joined(width, parts, per_part, seed):
    weights = small_integers(np.random.default_rng(seed), (2, per_part, 3))

    def write(graph, x):
        bias = np.zeros(2, np.float32)
        split = graph.split("split", x, parts)
        return graph.concatenation("y", [graph.conv(f"c{i}", part, weights, bias) for i, part in enumerate(split)])

    assert_derivative(Network((1, 1, width, parts * per_part), write), seed)


@given(width=st.integers(1, 9), channels=st.integers(1, 4), seed=seeds)
def test_of_a_reshape(width, channels, seed):
    def write(graph, x):
        return graph.reshape("y", x, (1, 1, width, channels))

    assert_derivative(Network((1, width * channels), write), seed)


def residual_network():
    """An activation function, a gate, a residual and a pool: a tensor with four readers."""
    random = np.random.default_rng(7)
    draw = lambda *shape: random.normal(0, 0.4, shape).astype(np.float32)  # noqa: E731

    def write(graph, x):
        x = graph.conv("first", graph.reshape("in4d", x, (1, 1, 24, 2)), draw(4, 2, 3), draw(4))
        y = graph.mul("swish", x, graph.logistic("sig", x))
        y = graph.conv("second", y, draw(4, 2, 5), draw(4), 2)
        gate = graph.logistic("gate", graph.mean_over_time("mean", x, keep_dims=True))
        y = graph.add("add", graph.mul("gated", y, gate), graph.max_pool("pool", x, 2))
        return graph.fully_connected("dense", graph.mean_over_time("gap", y, keep_dims=False), draw(3, 4), draw(3))

    return Network((1, 48), write)


RESIDUAL = residual_network()


def pooled_alike(before, after):
    """Whether each pool takes the same value of both: where another one wins in between there is no derivative."""
    pooled = RESIDUAL.graph.names.index("first")
    return np.array_equal(*(values[pooled].reshape(12, 2, 4).argmax(axis=1) for values in (before, after)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=seeds)
def test_of_a_network_whose_tensors_have_several_readers(seed):
    x = np.random.default_rng(seed).normal(0, 1, (1, 48)).astype(np.float32)
    random, step = np.random.default_rng(seed), 1e-3
    direction = random.choice([-1.0, 1.0], (1, 48))
    weights = random.choice([-1.0, 1.0], (1, 3))
    assume(pooled_alike(RESIDUAL.values(x - step * direction), RESIDUAL.values(x + step * direction)))
    difference = np.sum(weights * (RESIDUAL.output(x + step * direction) - RESIDUAL.output(x - step * direction)))
    (part,) = RESIDUAL.through_readers(x, weights)[RESIDUAL.graph.input]
    size = float(np.abs(part).sum())
    assert np.sum(part * direction) == pytest.approx(difference / (2 * step), abs=2e-3 * size)


def test_every_tensor_has_a_derivative_through_each_of_its_readers_in_the_tensors_shape():
    graph = RESIDUAL.graph
    found = RESIDUAL.through_readers(np.ones((1, 48)), np.ones((1, 3)))
    assert set(found) == set(graph.activations)
    for tensor, parts in found.items():
        assert len(parts) == len(graph.readers.get(tensor, (None,)))
        assert {part.shape for part in parts} == {graph.shapes[tensor]}


def test_the_parts_stand_in_the_order_of_the_readers():
    """The first reader triples, the second halves."""

    def write(graph, x):
        tripled = graph.scale("tripled", x, np.array([3], np.float32))
        return graph.add("y", tripled, graph.scale("halved", x, np.array([0.5], np.float32)))

    network = Network((1, 1, 2, 1), write)
    parts = network.through_readers(np.zeros(2), np.ones((1, 1, 2, 1)))[network.graph.input]
    assert [float(part[0, 0, 0, 0]) for part in parts] == [3.0, 0.5]


def test_the_derivative_by_the_output_is_what_was_given():
    given_back = RESIDUAL.through_readers(np.ones((1, 48)), np.array([[1, -2, 3]]))[RESIDUAL.graph.output]
    assert [part.tolist() for part in given_back] == [[[1, -2, 3]]]


def test_an_operator_that_no_graph_of_ours_has_is_refused():
    tanh = Operator("TANH", (0,), (1,), (), 1)
    with pytest.raises(NotImplementedError, match="TANH"):
        input_gradients(tanh, {0: np.zeros((1, 1)), 1: np.zeros((1, 1))}, np.zeros((1, 1)))
