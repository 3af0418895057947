"""What the student consists of, counted."""

import numpy as np
import pytest

from converter.distil.architecture import STUDENT, Kind
from converter.distil.emit import random_weights
from tests.converter.distil.networks import DEEP, SMALL

NETWORKS = pytest.mark.parametrize("architecture", [STUDENT, SMALL, DEEP], ids=["student", "small", "deep"])


def test_the_student_is_of_the_size_that_figures_are_stated_for():
    assert (STUDENT.n_parameters, STUDENT.n_macs) == (161_652, 5_090_736)
    assert STUDENT.macs_by_kind() == {
        Kind.CONV: 3_579_136,
        Kind.POINTWISE: 1_351_680,
        Kind.DEPTHWISE: 151_472,
        Kind.DENSE: 8_448,
    }


@NETWORKS
def test_parameters_are_counted_as_they_are_drawn(architecture):
    weights = random_weights(architecture, 0)
    assert sum(values.size for values in weights.values()) == architecture.n_parameters
    assert sum(architecture.parameters_by_kind().values()) == architecture.n_parameters
    assert all(weights[f"{layer.name}.w"].shape == layer.weights_shape for layer in architecture.layers())


@NETWORKS
def test_each_layer_reads_what_the_one_before_it_writes(architecture):
    channels = 1
    for block in architecture.blocks():
        read = channels
        for layer in block.layers:
            assert layer.in_channels == channels
            channels = layer.out_channels
        if block.gate:
            assert (block.gate.squeeze.in_channels, block.gate.excite.out_channels) == (channels, channels)
        assert not block.adds or read == channels


def test_there_are_three_gates_and_two_sums_and_every_sum_is_rectified_once():
    blocks = list(STUDENT.blocks())
    assert sum(block.gate is not None for block in blocks) == 3
    adding = [block for block in blocks if block.adds]
    assert len(adding) == 2
    assert not any(block.layers[-1].relu for block in adding)


def test_no_convolution_has_the_padding_that_cmsis_nn_gets_wrong_on_mve():
    width = STUDENT.window_samples
    for block in STUDENT.blocks():
        for layer in block.layers:
            padded = max(0, (layer.width - 1) * layer.stride + layer.kernel - width)
            assert layer.kind is not Kind.CONV or padded % 2 == 0
            width = layer.width


def test_random_weights_are_those_of_their_seed():
    first, again, other = (random_weights(SMALL, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["b0.w"], other["b0.w"])
