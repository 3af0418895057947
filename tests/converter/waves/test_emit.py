import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converter.graph import Graph
from converter.operators import read_operators
from converter.waves.architecture import N_OUTPUTS, WAVES_NETWORK
from converter.waves.emit import emit
from edge.interpreter import open_interpreter
from edge.waves.track import SAID
from tests.converter.waves.networks import DEEP, NARROW, SMALL, random_weights, twice_as_wide, waves_network

NETWORKS = {"small": SMALL, "narrow": NARROW, "deep": DEEP}
SHIPPED_MODEL = emit(random_weights(WAVES_NETWORK, 0))


def said(architecture, seed, runtime="litert"):
    weights = random_weights(architecture, seed)
    x = np.random.default_rng(seed).normal(0, 1, architecture.window_samples).astype(np.float32)
    y = open_interpreter(emit(weights, architecture), runtime=runtime).invoke(x)
    return y.reshape(-1, N_OUTPUTS), waves_network(architecture, weights, x)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_the_graph_equals_a_plain_statement_of_the_network(name, seed, runtime):
    got, expected = said(NETWORKS[name], seed, runtime)
    np.testing.assert_allclose(got, expected, atol=1e-5 * max(1.0, np.abs(expected).max()))


def test_the_graph_of_the_shipped_architecture_equals_a_plain_statement_of_it():
    got, expected = said(WAVES_NETWORK, 1)
    np.testing.assert_allclose(got, expected, atol=1e-5 * max(1.0, np.abs(expected).max()))


def test_a_reading_of_channels_as_width_is_an_upsampling():
    graph = Graph("upsampling")
    x = graph.input("x", (1, 1, 5, 6))
    run = open_interpreter(graph.to_bytes(x, graph.reshape("y", x, (1, 1, 10, 3))))
    values = np.random.default_rng(0).normal(0, 1, (6, 5)).astype(np.float32)
    np.testing.assert_array_equal(run.invoke(values.T)[0, 0].T, twice_as_wide(values))


def test_a_window_goes_in_and_twenty_logits_a_step_come_out():
    run = open_interpreter(SHIPPED_MODEL)
    assert (run.input.shape, run.output.shape) == ((1, 2560), (1, 1, 640, sum(SAID)))


def test_there_are_no_operators_but_convolutions_sums_and_reshapes():
    assert {op.kind for op in read_operators(SHIPPED_MODEL).operators} == {"CONV_2D", "ADD", "RESHAPE"}


def test_no_activation_is_but_a_rectified_sum():
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(SHIPPED_MODEL)).subgraphs[0]
    fused = {getattr(op.builtinOptions, "fusedActivationFunction", 0) for op in graph.operators}
    assert fused <= {schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU}


def test_the_same_weights_give_the_same_bytes():
    assert emit(random_weights(SMALL, 3), SMALL) == emit(random_weights(SMALL, 3), SMALL)


def test_weights_that_lack_a_layer_are_not_written():
    weights = random_weights(SMALL, 0)
    del weights["up1.w"]
    with pytest.raises(KeyError, match=r"up1\.w"):
        emit(weights, SMALL)
