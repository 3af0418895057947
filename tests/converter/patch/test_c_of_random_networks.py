"""Small random networks of every supported operator: C, numpy and TFLite Micro give the same, bit for bit."""

import itertools

import numpy as np
import pytest

from converter.graph import Graph
from converter.patch.execute import execute
from converter.patch.export import export
from converter.patch.network import Reshape
from converter.patch.reading import read_network
from converter.patch.translate import Options, Source
from converter.quantise import Mode, quantise
from tests.converter.patch.built import (
    SANITIZED,
    compiled,
    needs_gcc,
    needs_tflm,
    outputs_of,
    program,
    random_inputs,
    tflm_outputs,
    write,
)
from tests.converter.patch.int8_models import random_model

CHUNKS, IN_A_CHUNK = 4, 12
INPUTS = 12
LIVELY = 12
"""Different values that the outputs of a network must have to be worth comparing."""

pytestmark = [needs_gcc, needs_tflm]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Objects of what is the same in every folder."""
    folder = write(tmp_path_factory.mktemp("kernels"), export(Source.of_model(random_model(0), "any"), Options()).files)
    sources = [*sorted(folder.glob("anyecg_kernels*.c")), folder / "anyecg_pad.c"]
    return compiled(sources, folder / "objects", SANITIZED, folder)


def lively_models(chunk):
    """Models whose outputs move when their inputs do."""
    found = []
    for seed in itertools.count(1_000 * chunk):
        model = random_model(seed)
        network = read_network(model)
        inputs = random_inputs(INPUTS, network.tensors[network.input].size_bytes, seed)
        expected = execute(network, inputs)
        if len(np.unique(expected)) >= LIVELY:
            found.append((seed, model, inputs, expected))
        if len(found) == IN_A_CHUNK:
            return found
    raise AssertionError


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_networks_are_equal_and_sanitizers_find_nothing(chunk, kernels, tmp_path):
    for seed, model, inputs, expected in lively_models(chunk):
        assert np.array_equal(tflm_outputs(model, inputs), expected), seed
        files = export(Source.of_model(model, f"seed {seed}"), Options()).files
        folder = write(tmp_path / str(seed), files)
        assert np.array_equal(outputs_of(program(folder, SANITIZED, shared=kernels), inputs), expected), seed


def quantised(seed):
    """A network as the converter writes and quantises it, with odd widths and channels."""
    draws = np.random.default_rng(seed)
    width, channels, out = int(draws.integers(31, 90)), int(draws.integers(3, 9)), int(draws.integers(2, 6))

    def layer(*shape):
        weights = draws.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        return weights, draws.normal(0, 0.1, shape[0]).astype(np.float32)

    graph = Graph("random")
    x = graph.input("x", (1, width))
    y = graph.reshape("columns", x, (1, 1, width, 1))
    y = graph.conv("first", y, *layer(channels, 1, int(draws.integers(3, 8))), int(draws.integers(1, 3)))
    y = graph.mul("swish", y, graph.logistic("sigmoid", y))
    y = graph.conv("grouped", y, *layer(2 * channels, 1, 3), relu=True)
    y = graph.depthwise("deep", y, *layer(2 * channels, 1, 5), 2, relu=True)
    z = graph.conv("same", y, *layer(2 * channels, 2 * channels, 1))
    y = graph.add("sum", y, z, relu=True)
    gate = graph.conv("gate", graph.mean_over_time("means", y, keep_dims=True), *layer(2 * channels, 2 * channels, 1))
    y = graph.mul("gated", y, graph.logistic("opened", gate))
    y = graph.max_pool("pooled", graph.pad("longer", y, width_after=1), 2)
    y = graph.pad("wider", y, channels=(1, 2))
    y = graph.mean_over_time("all", y, keep_dims=False)
    model = graph.to_bytes(x, graph.fully_connected("dense", y, *layer(out, 2 * channels + 3)))
    return quantise(model, Mode.FULL, draws.normal(0, 1, (16, width)).astype(np.float32))


@pytest.mark.parametrize("seed", range(4))
def test_networks_of_the_converter_are_equal_too(seed, kernels, tmp_path):
    model = quantised(seed)
    network = read_network(model)
    assert sum(not isinstance(operator, Reshape) for operator in network.operators) == 16
    inputs = random_inputs(INPUTS, network.tensors[network.input].size_bytes, seed)
    expected = tflm_outputs(model, inputs)
    folder = write(tmp_path / "c", export(Source.of_model(model, "quantised"), Options()).files)
    assert np.array_equal(execute(network, inputs), expected)
    assert np.array_equal(outputs_of(program(folder, SANITIZED, shared=kernels), inputs), expected)
