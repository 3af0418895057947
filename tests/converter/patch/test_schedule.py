"""What needs no work of its own is folded away, and the numbers stay the same."""

import numpy as np
import pytest

from converter.patch.execute import execute
from converter.patch.memory import plan_memory
from converter.patch.network import Conv, MaxPool, Mul, Pad, Scale
from converter.patch.reading import read_network
from converter.patch.schedule import Lookup, conv_scratch_bytes, lead_bytes, schedule
from tests.converter.patch.built import random_inputs
from tests.converter.patch.int8_models import SAME, VALID, Int8Model
from tests.converter.patch.simulated import Board


def kinds(model):
    """Kinds of the steps; what they compute is held against the network."""
    network = read_network(model)
    scheduled = schedule(network)
    inputs = random_inputs(5, network.tensors[network.input].size_bytes)
    board = Board.of(plan_memory(scheduled, tries=5))
    assert np.array_equal([board.run(x) for x in inputs], execute(network, inputs))
    return [type(step.work) for step in scheduled.steps]


def started(width=21, channels=3):
    m = Int8Model(5)
    return m, m.input(width, channels)


def test_a_reshape_costs_nothing():
    m, x = started(20, 4)
    y = m.conv(m.reshape(x, (1, 1, 40, 2)), 3, 3)
    assert kinds(m.to_bytes(x, y)) == [Conv]


def test_swish_becomes_one_table():
    m, x = started()
    y = m.conv(x, 6)
    assert kinds(m.to_bytes(x, m.mul(y, m.logistic(y)))) == [Conv, Lookup]


def test_swish_of_a_uniformly_scaled_input_becomes_one_table():
    m, x = started()
    y = m.conv(x, 6)
    assert kinds(m.to_bytes(x, m.mul(y, m.logistic(m.scaled(y, uniform=True))))) == [Conv, Lookup]


def test_a_scale_for_each_channel_stays_a_product():
    m, x = started()
    y = m.conv(x, 6)
    assert kinds(m.to_bytes(x, m.mul(y, m.logistic(m.scaled(y))))) == [Conv, Scale, Lookup, Mul]


def test_a_function_that_somebody_else_reads_is_written_out_once():
    m, x = started()
    y = m.conv(x, 6)
    gate = m.logistic(y)
    z = m.mul(m.mul(y, gate), m.conv(gate, 6))
    assert kinds(m.to_bytes(x, z)) == [Conv, Lookup, Lookup, Conv, Mul]


@pytest.mark.parametrize("padding", [SAME, VALID])
def test_padding_before_a_convolution_is_its_own(padding):
    m, x = started()
    assert kinds(m.to_bytes(x, m.conv(m.pad(x, (1, 2)), 4, 5, 2, 1, padding))) == [Conv]


def test_padding_before_a_maximum_keeps_its_zeros():
    m, x = started()
    assert kinds(m.to_bytes(x, m.max_pool(m.pad(x, (0, 1)), 2, 2))) == [MaxPool]


def test_padding_before_a_padded_maximum_stays():
    m, x = started()
    assert kinds(m.to_bytes(x, m.max_pool(m.pad(x, (1, 1)), 3, 2, SAME))) == [Pad, MaxPool]


def test_padding_of_channels_stays():
    m, x = started()
    assert kinds(m.to_bytes(x, m.conv(m.pad(x, channels=(1, 2)), 2))) == [Pad, Conv]


def test_an_output_that_is_a_function_is_written_out():
    m, x = started()
    assert kinds(m.to_bytes(x, m.logistic(x))) == [Lookup]


@pytest.mark.parametrize(
    ("width", "row", "stride", "lead"),
    [(1, 10, 5, 10), (4, 10, 5, 40), (100, 10, 10, 40), (100, 10, 20, 40), (100, 20, 10, 2000 - 960)],
)
def test_an_output_begins_far_enough_ahead_to_never_overtake_its_input(width, row, stride, lead):
    assert lead_bytes(width, row, stride) == lead


def test_scratch_is_that_of_the_kernels_header():
    assert [conv_scratch_bytes(n) for n in (1, 4, 5, 112)] == [32, 32, 64, 896]
