"""Scales of the residual stream and of the outputs change what int8 makes of a network, never the network."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from converter.activations import Ranges, survey
from converter.calibration import network_inputs, synthetic_windows
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.ecgfounder.equalise import (
    equalised,
    normalised_outputs,
    residual_scales,
    scales_by_width,
    with_headroom,
)
from converter.ecgfounder.net1d import Net1DConfig
from converter.operators import read_operators
from converter.quantise import quantise_full
from converter.target import Target
from edge.interpreter import open_interpreter
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import SMALL, random_weights

N_SAMPLES = 111
"""Odd after each halving, so that the identity pads the width."""
UNEVEN = Net1DConfig(4, (8, 24, 24), (1, 2, 1), 3, 2, 8, 3)
CHECKPOINTS = {config: Checkpoint.of_state_dict(random_weights(config, seed=3)) for config in (SMALL, UNEVEN)}
WIDEST = {config: config.filter_list[-1] for config in CHECKPOINTS}
SIGNALS = np.random.default_rng(0).normal(0, 1, (4, N_SAMPLES)).astype(np.float32)


def logits(model, signals=SIGNALS):
    run = open_interpreter(model)
    return np.stack([run.invoke(x)[0] for x in signals])


def names(model):
    return set(read_operators(model).names)


def scales_between(low, high, n):
    return arrays(np.float32, n, elements=st.floats(low, high, width=32))


def calibrated(checkpoint):
    """Graph and ranges of a network on its signals."""
    model = emit(checkpoint, N_SAMPLES)
    graph = read_operators(model)
    return graph, survey(model, graph, SIGNALS)


@settings(max_examples=30)
@given(st.data())
@pytest.mark.parametrize("config", CHECKPOINTS, ids=["small", "uneven"])
def test_whatever_the_scales_the_graph_computes_the_same(config, data):
    scales = data.draw(scales_between(0.0625, 2.0, WIDEST[config]))
    checkpoint = CHECKPOINTS[config]
    said = logits(emit(checkpoint, N_SAMPLES, residual_scales=scales))
    np.testing.assert_allclose(said, logits(emit(checkpoint, N_SAMPLES)), atol=1e-5, rtol=1e-5)


def test_logits_of_ten_stay_the_same_to_the_fifth_decimal():
    checkpoint = CHECKPOINTS[SMALL]
    plain = logits(emit(checkpoint, N_SAMPLES))
    head = {"dense.weight": checkpoint.weights["dense.weight"] * np.float32(10 / np.abs(plain).max())}
    large = replace(checkpoint, weights={**checkpoint.weights, **head})
    graph, ranges = calibrated(large)
    scaled = emit(large, N_SAMPLES, residual_scales=residual_scales(SMALL, graph, ranges))
    np.testing.assert_allclose(logits(scaled), logits(emit(large, N_SAMPLES)), atol=1e-5, rtol=0)


def test_group_by_group_the_scaled_graph_computes_the_same():
    checkpoint, scales = CHECKPOINTS[SMALL], np.linspace(0.1, 1.0, WIDEST[SMALL], dtype=np.float32)
    said = logits(emit(checkpoint, N_SAMPLES, residual_scales=scales, target=Target.TFLITE_RUNTIME))
    np.testing.assert_allclose(said, logits(emit(checkpoint, N_SAMPLES)), atol=1e-5, rtol=1e-5)


def test_scales_of_one_leave_the_file_as_it_is():
    ones = np.ones(WIDEST[SMALL], np.float32)
    checkpoint = CHECKPOINTS[SMALL]
    assert emit(checkpoint, N_SAMPLES, residual_scales=ones) == emit(checkpoint, N_SAMPLES)


def test_nothing_is_multiplied_where_all_scales_are_one():
    config = UNEVEN
    scales = np.full(WIDEST[config], 0.5, np.float32)
    scales[scales_place(config, config.base_filters)] = 1.0
    written = names(emit(CHECKPOINTS[config], N_SAMPLES, residual_scales=scales))
    assert "first/scale" not in written
    assert {"s1b0/a1/scale", "s1b1/a1/scale", "s2b0/a1/scale"} <= written


def scales_place(config, width):
    """Indices of the channels of a width among those of the last stage."""
    return scales_by_width(config, np.arange(WIDEST[config], dtype=np.float32))[width].astype(int)


def test_a_channel_keeps_its_scale_wherever_the_identity_carries_it():
    # 4 channels become 8 with 2 before and 2 after them, and 24 with 8 before and 8 after.
    assert scales_place(UNEVEN, 24).tolist() == list(range(24))
    assert scales_place(UNEVEN, 8).tolist() == list(range(8, 16))
    assert scales_place(UNEVEN, 4).tolist() == list(range(10, 14))


def with_peaks(ranges, graph, peaks):
    """The ranges with the peaks of every tensor of the residual stream taken from the end's."""
    by_width = scales_by_width(UNEVEN, peaks)
    stream = {i for i, name in enumerate(graph.names) if name == "first/swish" or name.endswith("/add")}
    changed = {i: by_width[graph.shapes[i][-1]] if i in stream else old for i, old in ranges.channel_peaks.items()}
    return Ranges(ranges.lowest, ranges.highest, changed, ranges.logits)


def test_the_largest_channel_stays_and_smaller_ones_come_closer():
    graph, ranges = calibrated(CHECKPOINTS[UNEVEN])
    peaks = np.linspace(0.5, 8.0, 24, dtype=np.float32)
    scales = residual_scales(UNEVEN, graph, with_peaks(ranges, graph, peaks))
    assert scales.max() == 1.0
    evened = peaks / scales
    assert (np.diff(scales) >= 0).all()
    assert evened.max() / evened.min() < 16.0 / 4


def test_a_channel_that_is_never_used_gets_a_positive_scale():
    graph, ranges = calibrated(CHECKPOINTS[UNEVEN])
    peaks = np.zeros(24, np.float32)
    assert (residual_scales(UNEVEN, graph, with_peaks(ranges, graph, peaks)) > 0).all()


def test_the_scaled_stream_is_the_true_one_divided_by_its_scales():
    checkpoint = CHECKPOINTS[UNEVEN]
    graph, ranges = calibrated(checkpoint)
    scales = residual_scales(UNEVEN, graph, ranges)
    model = emit(checkpoint, N_SAMPLES, residual_scales=scales)
    scaled_graph = read_operators(model)
    scaled = survey(model, scaled_graph, SIGNALS)
    last = "s2b0/add"
    np.testing.assert_allclose(
        scaled.channel_peaks[scaled_graph.names.index(last)] * scales,
        ranges.channel_peaks[graph.names.index(last)],
        rtol=1e-4,
    )


def test_scales_leave_the_checkpoint_they_are_given_as_it_is():
    checkpoint = CHECKPOINTS[SMALL]
    before = {name: values.copy() for name, values in checkpoint.weights.items()}
    equalised(checkpoint, np.full(WIDEST[SMALL], 0.5, np.float32))
    assert all(np.array_equal(checkpoint.weights[name], values) for name, values in before.items())


def test_normalised_outputs_reach_from_minus_one_to_one_and_lead_back_to_the_logits():
    checkpoint = CHECKPOINTS[SMALL]
    plain = logits(emit(checkpoint, N_SAMPLES))
    normal = normalised_outputs(checkpoint, plain)
    said = logits(emit(normal.checkpoint, N_SAMPLES))
    np.testing.assert_allclose(said.min(axis=0), -1, atol=1e-4)
    np.testing.assert_allclose(said.max(axis=0), 1, atol=1e-4)
    np.testing.assert_allclose(said * normal.scales + normal.offsets, plain, atol=1e-5, rtol=1e-5)


def test_an_output_that_says_the_same_of_every_window_keeps_a_finite_positive_scale():
    checkpoint = CHECKPOINTS[SMALL]
    normal = normalised_outputs(checkpoint, np.full((5, 3), 2.0, np.float32))
    assert (normal.scales > 0).all()
    assert all(np.isfinite(values).all() for values in normal.checkpoint.weights.values())


def test_all_weights_stay_single_precision():
    checkpoint = CHECKPOINTS[SMALL]
    scaled = equalised(checkpoint, np.full(WIDEST[SMALL], 0.5, np.float32))
    normal = normalised_outputs(checkpoint, logits(emit(checkpoint, N_SAMPLES)))
    for changed in (scaled, normal.checkpoint):
        assert {values.dtype for values in changed.weights.values()} == {np.dtype(np.float32)}


def test_on_windows_of_a_heart_the_scaled_graph_computes_the_same():
    inputs = network_inputs(synthetic_windows(ECGFOUNDER, 8, seed=1), ECGFOUNDER)
    checkpoint, n = CHECKPOINTS[SMALL], ECGFOUNDER.window_samples
    plain = emit(checkpoint, n)
    graph = read_operators(plain)
    scales = residual_scales(SMALL, graph, survey(plain, graph, inputs))
    said = logits(emit(checkpoint, n, residual_scales=scales), inputs)
    np.testing.assert_allclose(said, logits(plain, inputs), atol=1e-5, rtol=0)


def test_headroom_widens_the_outputs_on_both_sides_and_nothing_else():
    graph, ranges = calibrated(CHECKPOINTS[SMALL])
    wider = with_headroom(graph, ranges)
    assert wider.lowest[graph.output] < ranges.lowest[graph.output]
    assert wider.highest[graph.output] > ranges.highest[graph.output]
    others = [tensor for tensor in graph.activations if tensor != graph.output]
    assert all(wider.lowest[tensor] == ranges.lowest[tensor] for tensor in others)


def int8_error(checkpoint, *, scaled):
    """Root-mean-square error of int8 logits on windows that calibration saw."""
    plain = emit(checkpoint, N_SAMPLES)
    graph, ranges = calibrated(checkpoint)
    scales = residual_scales(checkpoint.config, graph, ranges) if scaled else None
    model = emit(checkpoint, N_SAMPLES, residual_scales=scales)
    read = read_operators(model)
    run = open_interpreter(quantise_full(model, read, survey(model, read, SIGNALS)))
    said = [run.output.quantisation.dequantise(run.invoke(run.input.quantisation.quantise(x))[0]) for x in SIGNALS]
    return float(np.sqrt(np.mean((np.stack(said) - logits(plain)) ** 2)))


def with_one_large_channel(seed):
    """A network whose stream carries one large channel that no convolution reads."""
    weights = random_weights(SMALL, seed)
    weights["first_conv.conv.bias"][0] += 20
    large = scales_place(SMALL, SMALL.base_filters)[0]
    for block in SMALL.blocks():
        weights[f"{block.prefix}conv1.conv.weight"][:, scales_place(SMALL, block.in_channels) == large] = 0
    return Checkpoint.of_state_dict(weights)


def test_with_one_large_channel_int8_is_closer_to_float_where_the_stream_is_scaled():
    networks = [with_one_large_channel(seed) for seed in range(4)]
    errors = [(int8_error(network, scaled=True), int8_error(network, scaled=False)) for network in networks]
    scaled, plain = np.mean(errors, axis=0)
    assert scaled < 0.7 * plain
