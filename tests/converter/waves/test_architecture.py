import numpy as np
import pytest

from converter.operators import read_operators
from converter.waves.architecture import N_OUTPUTS, WAVES_NETWORK
from converter.waves.emit import emit
from edge.preprocess import WAVES
from edge.waves.track import SAID, STEP_SAMPLES
from tests.converter.waves.networks import DEEP, SMALL, random_weights

SHIPPED = read_operators(emit(random_weights(WAVES_NETWORK, 0)))


def parameters(architecture):
    return sum((layer.in_channels * layer.kernel + 1) * layer.out_channels for layer in architecture.layers())


def test_the_shipped_network_reads_what_the_preprocessing_gives():
    assert WAVES_NETWORK.window_samples == WAVES.window_samples


def test_the_shipped_network_says_what_a_track_is_read_from():
    assert sum(SAID) == N_OUTPUTS


def test_the_first_level_runs_at_a_quarter_of_the_sample_rate():
    strides = [layer.stride for layer in WAVES_NETWORK.stem()]
    assert np.prod(strides) == STEP_SAMPLES


def test_the_shipped_network_has_198_thousand_parameters():
    assert parameters(WAVES_NETWORK) == 198_140


def test_the_shipped_network_has_35_convolutions():
    assert len(WAVES_NETWORK.layers()) == 35


def test_no_tensor_of_the_shipped_network_is_larger_than_the_first_levels():
    written = [np.prod(SHIPPED.shapes[op.output]) for op in SHIPPED.operators]
    assert max(written) == 640 * 20


@pytest.mark.parametrize("architecture", [WAVES_NETWORK, SMALL, DEEP])
def test_each_layer_has_a_name_of_its_own(architecture):
    names = [layer.name for layer in architecture.layers()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("architecture", [WAVES_NETWORK, SMALL, DEEP])
def test_layers_are_listed_in_the_order_in_which_they_run(architecture):
    graph = read_operators(emit(random_weights(architecture, 0), architecture))
    convolutions = [graph.names[op.output] for op in graph.operators if op.kind == "CONV_2D"]
    assert convolutions == [layer.name for layer in architecture.layers()]
