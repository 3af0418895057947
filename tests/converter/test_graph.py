"""The float graph computes what Net1D computes."""

from dataclasses import replace

import numpy as np
import pytest

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.ecgfounder.net1d import Net1DConfig
from edge.interpreter import open_interpreter
from tests.converter.networks import SMALL, net1d, random_weights

CONFIGURATIONS = [
    SMALL,
    replace(SMALL, kernel_size=16, groups_width=16, base_filters=16),
    replace(SMALL, base_filters=4, filter_list=(8, 24), m_blocks_list=(1, 1), kernel_size=3),
    replace(SMALL, filter_list=(8, 8, 8, 8, 8), m_blocks_list=(1, 1, 1, 1, 1), n_outputs=1),
    Net1DConfig(16, (16, 48), (2, 1), 5, 2, 16, 7),
]


def outputs(config, n_samples, seed, runtime="litert"):
    """What the written graph says of a random window, and what numpy says."""
    weights = random_weights(config, seed)
    x = np.random.default_rng(seed).normal(0, 1, n_samples).astype(np.float32)
    model = emit(Checkpoint.of_state_dict(weights), n_samples)
    return open_interpreter(model, runtime=runtime).invoke(x)[0], net1d(config, weights, x)


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
@pytest.mark.parametrize("n_samples", [64, 97, 111, 150])
def test_the_graph_equals_a_plain_statement_of_net1d(config, n_samples):
    said, expected = outputs(config, n_samples, seed=n_samples)
    np.testing.assert_allclose(said, expected, atol=1e-4, rtol=1e-4)


def test_the_plain_kernels_agree_too():
    said, expected = outputs(SMALL, 101, seed=5, runtime="reference")
    np.testing.assert_allclose(said, expected, atol=1e-4, rtol=1e-4)


def test_an_odd_width_is_pooled_with_a_zero_behind_it():
    """With all weights zero but the head's, and a negative first layer, pooling with anything less would show."""
    config = replace(SMALL, filter_list=(8, 8), m_blocks_list=(1, 1), n_outputs=1)
    weights = {name: np.zeros_like(w) for name, w in random_weights(config, 0).items()}
    weights["first_conv.conv.bias"][:] = -1.0
    weights["dense.weight"][:] = 1.0
    model = emit(Checkpoint.of_state_dict(weights), 10)
    # Widths 10, 5, 3 (the last one with a zero), 2 (with another): -s, 0 in each of eight channels.
    swished = -1.0 / (1.0 + np.e)
    said = open_interpreter(model).invoke(np.ones(10, np.float32))[0, 0]
    assert said == pytest.approx(8 * swished / 2, rel=1e-5)


def test_the_same_network_is_written_as_the_same_bytes():
    checkpoint = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))
    assert emit(checkpoint, 500) == emit(checkpoint, 500)


def test_every_operator_is_stamped_version_1_which_every_runtime_loads():
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500), 0)
    assert {code.version for code in model.operatorCodes} == {1}


def test_the_graph_takes_a_window_and_gives_logits():
    run = open_interpreter(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500))
    assert (run.input.shape, run.output.shape, run.input.dtype) == ((1, 500), (1, 3), np.float32)
