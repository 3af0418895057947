import numpy as np
import pytest

from converter.ecgfounder.net1d import Net1DConfig
from converter.errors import ConversionError, ConversionFault
from tests.converter.networks import ECGFOUNDER_SHAPE, SMALL, random_weights


def test_the_full_ecgfounder_has_its_known_number_of_parameters():
    applied = sum(int(np.prod(shape)) for shape in ECGFOUNDER_SHAPE.parameter_shapes().values())
    # Weight and bias of the batch normalisations, which every checkpoint holds and the network never applies.
    unused = 2 * (64 + sum(b.in_channels + 2 * b.out_channels for b in ECGFOUNDER_SHAPE.blocks()))
    assert applied + unused == 30_764_700


def test_every_stage_halves_the_signal_in_its_first_block():
    assert [(b.in_channels, b.out_channels, b.stride) for b in SMALL.blocks()] == [
        (8, 16, 2),
        (16, 16, 2),
        (16, 16, 1),
        (16, 32, 2),
    ]


def test_only_the_very_first_block_has_no_activation_in_front():
    assert [b.is_first for b in ECGFOUNDER_SHAPE.blocks()] == [True] + [False] * 19


@pytest.mark.parametrize("config", [SMALL, ECGFOUNDER_SHAPE], ids=["small", "full"])
def test_the_configuration_is_read_off_the_weights(config):
    shapes = config.parameter_shapes()
    assert Net1DConfig.of_weights({k: np.empty(s, np.float32) for k, s in shapes.items()}) == config


@pytest.mark.parametrize(
    ("filters", "blocks", "group"),
    [((16,), (1, 1), 8), ((), (), 8), ((16, 20), (1, 1), 8), ((32, 16), (1, 1), 8), ((16, 16), (1, 1), 0)],
    ids=["stages and blocks differ", "no stage", "groups do not divide", "channels shrink", "no group"],
)
def test_a_network_that_cannot_be_is_refused(filters, blocks, group):
    with pytest.raises(ValueError, match=r"filter_list|channels|1 at least"):
        Net1DConfig(8, filters, blocks, 8, 2, group, 3)


@pytest.mark.parametrize(
    "name", ["first_conv.conv.weight", "dense.weight", "stage_list.0.block_list.0.conv2.conv.weight"]
)
def test_without_a_weight_that_shows_the_shape_there_is_no_network(name):
    weights = random_weights(SMALL, seed=0)
    del weights[name]
    with pytest.raises(ConversionError) as caught:
        Net1DConfig.of_weights(weights)
    assert caught.value.fault in {ConversionFault.MISSING_WEIGHTS, ConversionFault.WRONG_SHAPE}


def test_weights_of_another_rank_are_no_net1d():
    weights = random_weights(SMALL, seed=0)
    weights["first_conv.conv.weight"] = np.zeros((8, 8), np.float32)
    with pytest.raises(ConversionError, match="not those of a Net1D") as caught:
        Net1DConfig.of_weights(weights)
    assert caught.value.fault is ConversionFault.WRONG_SHAPE
