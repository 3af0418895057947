"""Ranges are the true extremes of what the runtime computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from converter.activations import ActivationReader, survey
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.operators import read_operators
from edge.interpreter import open_interpreter
from tests.converter.networks import SMALL, random_weights

FACTORS = np.array([0.5, -2.0, 0.0], np.float32)


def scaled_channels():
    """Four steps of three channels, each multiplied by its factor and averaged."""
    graph = Graph("test")
    signal = graph.input("x", (1, 12))
    x = graph.scale("scaled", graph.reshape("in4d", signal, (1, 1, 4, 3)), FACTORS)
    return graph.to_bytes(signal, graph.mean_over_time("gap", x, keep_dims=False))


MODEL = scaled_channels()
GRAPH = read_operators(MODEL)
NUMBER = {name: GRAPH.names.index(name) for name in ("x", "in4d", "scaled", "gap")}

NET1D = emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=1)), 200)
NET1D_GRAPH = read_operators(NET1D)
WINDOWS = np.random.default_rng(0).normal(0, 1, (6, 200)).astype(np.float32)

windows = st.integers(1, 5).flatmap(lambda n: arrays(np.float32, (n, 12), elements=st.floats(-100, 100, width=16)))


@pytest.fixture(scope="module")
def every_value():
    """Each tensor of the network over all windows, shape (n, ...)."""
    reader = ActivationReader(NET1D, NET1D_GRAPH)
    read = [reader.read(x) for x in WINDOWS]
    return {tensor: np.stack([values[tensor] for values in read]) for tensor in NET1D_GRAPH.activations}


@settings(max_examples=30)
@given(windows)
def test_the_extremes_are_the_smallest_and_the_largest_value_of_all_windows(inputs):
    found = survey(MODEL, GRAPH, inputs)
    scaled = inputs.reshape(-1, 4, 3) * FACTORS
    for name, values in (("x", inputs), ("in4d", inputs), ("scaled", scaled)):
        assert (found.lowest[NUMBER[name]], found.highest[NUMBER[name]]) == (values.min(), values.max())


@settings(max_examples=30)
@given(windows)
def test_a_channels_peak_is_its_largest_magnitude_over_time_and_windows(inputs):
    found = survey(MODEL, GRAPH, inputs)
    magnitudes = np.abs(inputs.reshape(-1, 3))
    np.testing.assert_array_equal(found.channel_peaks[NUMBER["in4d"]], magnitudes.max(axis=0))
    np.testing.assert_array_equal(found.channel_peaks[NUMBER["scaled"]], magnitudes.max(axis=0) * np.abs(FACTORS))


def test_of_a_whole_network_too(every_value):
    found = survey(NET1D, NET1D_GRAPH, WINDOWS)
    assert found.lowest == {tensor: values.min() for tensor, values in every_value.items()}
    assert found.highest == {tensor: values.max() for tensor, values in every_value.items()}
    for tensor, values in every_value.items():
        peaks = np.abs(values.reshape(-1, values.shape[-1])).max(axis=0)
        np.testing.assert_array_equal(found.channel_peaks[tensor], peaks, strict=True)


def test_the_logits_are_those_the_runtime_gives_without_looking_inside():
    run = open_interpreter(NET1D)
    expected = np.stack([run.invoke(x)[0] for x in WINDOWS])
    np.testing.assert_allclose(survey(NET1D, NET1D_GRAPH, WINDOWS).logits, expected, atol=1e-6, rtol=1e-5)


def test_ranges_of_all_windows_are_those_of_their_parts_together():
    whole, first, rest = (survey(NET1D, NET1D_GRAPH, part) for part in (WINDOWS, WINDOWS[:2], WINDOWS[2:]))
    for tensor in NET1D_GRAPH.activations:
        assert whole.lowest[tensor] == min(first.lowest[tensor], rest.lowest[tensor])
        assert whole.highest[tensor] == max(first.highest[tensor], rest.highest[tensor])
    np.testing.assert_array_equal(whole.logits, np.concatenate([first.logits, rest.logits]))


def test_what_is_read_stays_as_it_was_when_the_next_window_runs():
    reader = ActivationReader(NET1D, NET1D_GRAPH)
    first = reader.read(WINDOWS[0])
    before = {tensor: values.copy() for tensor, values in first.items()}
    reader.read(WINDOWS[1])
    assert all(np.array_equal(first[tensor], before[tensor]) for tensor in before)


def test_the_quantizer_gets_every_range_under_the_tensors_name_with_its_number_of_axes():
    found = survey(MODEL, GRAPH, np.arange(12, dtype=np.float32)[None])
    values = found.as_quantizer_values(GRAPH)
    assert set(values) == set(NUMBER)
    assert {name: entry["min"].shape for name, entry in values.items()} == {
        "x": (1, 1),
        "in4d": (1, 1, 1, 1),
        "scaled": (1, 1, 1, 1),
        "gap": (1, 1),
    }
    assert (float(values["scaled"]["min"].item()), float(values["scaled"]["max"].item())) == (-20.0, 4.5)
