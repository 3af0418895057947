"""How much there is to compute: multiply-accumulates of one window, and the weights they are with."""

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.net1d import Net1DConfig


def macs(config: Net1DConfig, window_samples: int) -> int:
    """Count the multiply-accumulates of every convolution and linear layer for one window.

    Parameters
    ----------
    config
        The network.
    window_samples
        Length of its input; each stage begins with ``ceil(length / stride)``.
    """
    length = -(-window_samples // config.stride)
    total = length * config.base_filters * config.kernel_size
    for block in config.blocks():
        channels = block.out_channels
        total += length * block.in_channels * channels
        length = -(-length // block.stride)
        total += length * channels * (config.groups_width * config.kernel_size + channels)
        total += 2 * channels * (channels // 2)
    return total + config.filter_list[-1] * config.n_outputs


def weights(checkpoint: Checkpoint) -> int:
    """Count the weights that the multiply-accumulates of `macs` are with; biases apart."""
    return sum(values.size for values in checkpoint.weights.values() if values.ndim > 1)
