"""The float graph computes what Net1D computes."""

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.ecgfounder.net1d import Net1DConfig
from converter.quantise import Mode, quantise
from converter.target import Target
from edge.interpreter import open_interpreter
from tests.converter.networks import SMALL, net1d, random_weights

CONFIGURATIONS = [
    SMALL,
    replace(SMALL, kernel_size=16, groups_width=16, base_filters=16),
    replace(SMALL, base_filters=4, filter_list=(8, 24), m_blocks_list=(1, 1), kernel_size=3),
    replace(SMALL, filter_list=(8, 8, 8, 8, 8), m_blocks_list=(1, 1, 1, 1, 1), n_outputs=1),
    Net1DConfig(16, (16, 48), (2, 1), 5, 2, 16, 7),
]


SMALL_CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))


def parsed(model):
    return schema.ModelT.InitFromPackedBuf(model, 0)


def convolutions(graph):
    """Its CONV_2D operators."""
    return [op for op in graph.operators if isinstance(op.builtinOptions, schema.Conv2DOptionsT)]


def activation_names(graph):
    return {graph.tensors[i].name.decode() for op in graph.operators for i in op.outputs}


def outputs(config, n_samples, seed, runtime="litert", target=Target.LITERT):
    """What the written graph says of a random window, and what numpy says."""
    weights = random_weights(config, seed)
    x = np.random.default_rng(seed).normal(0, 1, n_samples).astype(np.float32)
    model = emit(Checkpoint.of_state_dict(weights), n_samples, target=target)
    return open_interpreter(model, runtime=runtime).invoke(x)[0], net1d(config, weights, x)


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
@pytest.mark.parametrize("n_samples", [64, 97, 111, 150])
def test_the_graph_equals_a_plain_statement_of_net1d(config, n_samples):
    said, expected = outputs(config, n_samples, seed=n_samples)
    np.testing.assert_allclose(said, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
def test_group_by_group_the_graph_equals_net1d_too(config):
    said, expected = outputs(config, 111, seed=4, target=Target.TFLITE_RUNTIME)
    np.testing.assert_allclose(said, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("target", Target)
def test_the_plain_kernels_agree_too(target):
    said, expected = outputs(SMALL, 101, seed=5, runtime="reference", target=target)
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


@pytest.mark.parametrize("target", Target)
def test_the_same_network_is_written_as_the_same_bytes(target):
    checkpoint = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))
    assert emit(checkpoint, 500, target=target) == emit(checkpoint, 500, target=target)


@pytest.mark.parametrize("target", Target)
def test_every_operator_is_stamped_version_1_which_every_runtime_loads(target):
    assert {code.version for code in parsed(emit(SMALL_CHECKPOINT, 500, target=target)).operatorCodes} == {1}


def test_for_tflite_runtime_no_convolution_has_groups_and_no_tensor_of_the_grouped_graph_is_missing():
    grouped, split = (parsed(emit(SMALL_CHECKPOINT, 500, target=target)).subgraphs[0] for target in Target)
    activations, kernels = zip(*(op.inputs[:2] for op in convolutions(split)), strict=True)
    assert [split.tensors[i].shape[-1] for i in activations] == [split.tensors[i].shape[-1] for i in kernels]
    assert activation_names(grouped) < activation_names(split)


def test_int8_values_are_the_same_group_by_group_as_in_one_operator():
    """A group's weights have a channel's scale as before, and the quantizer gives what is split or joined one scale."""
    draws = np.random.default_rng(0)
    calibration, unseen = (draws.normal(0, 1, (8, 500)).astype(np.float32) for _ in range(2))
    models = [quantise(emit(SMALL_CHECKPOINT, 500, target=target), Mode.FULL, calibration) for target in Target]
    for runtime, steps in (("reference", 0), ("litert", 1)):
        runs = [open_interpreter(model, runtime=runtime) for model in models]
        assert runs[0].output == runs[1].output
        grouped, split = (
            np.stack([run.invoke(run.input.quantisation.quantise(window)) for window in unseen]) for run in runs
        )
        np.testing.assert_allclose(split.astype(int), grouped.astype(int), rtol=0, atol=steps)


def test_a_quantised_graph_splits_and_joins_without_rescaling():
    calibration = np.random.default_rng(0).normal(0, 1, (8, 500)).astype(np.float32)
    float_model = emit(SMALL_CHECKPOINT, 500, target=Target.TFLITE_RUNTIME)
    before, after = (
        open_interpreter(model).execution.operators
        for model in (float_model, quantise(float_model, Mode.FULL, calibration))
    )
    assert before == after
    assert (before["SPLIT"], before["CONCATENATION"]) == (4, 4)


def test_the_graph_takes_a_window_and_gives_logits():
    run = open_interpreter(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500))
    assert (run.input.shape, run.output.shape, run.input.dtype) == ((1, 500), (1, 3), np.float32)
