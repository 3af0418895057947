"""A residual stream of even channels, and outputs of one range; neither changes what the network computes.

One int8 step serves all channels of a tensor, and all outputs. A few channels of Net1D's residual stream, above all
those of the first convolution, are several times larger than the others and set a step that is coarse for these.
Positive scales pass through max pooling, zero padding and addition, and the weights on both sides of the stream take
them up. Only a logistic function that reads the stream must be given the true values.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.activations import Ranges
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.net1d import Net1DConfig
from converter.operators import OperatorGraph

_EXPONENT: Final = 0.65
"""Between 0, channels as they are, and 1, all of one size: a channel that was left smaller has room to grow on windows
unlike those of the calibration."""
_SMALLEST: Final = 0.05
_CONSTANT_STEPS: Final = 255
"""The graph multiplies by the scales: an int8 constant, in which whole steps of the largest one are exact."""
_HEADROOM: Final = 2.0
"""Range of the outputs in int8 over their range in calibration."""
_NARROWEST: Final = 1e-6
"""Range in logits of an output that says the same of every window."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedOutputs:
    """A network whose outputs all fill the same range, and the way back.

    Parameters
    ----------
    checkpoint
        Its outputs reach from -1 to 1 over the windows they were normalised for.
    scales, offsets
        Shape (n_outputs,): ``logit = scale * output + offset``; scales are positive.
    """

    checkpoint: Checkpoint
    scales: NDArray[np.float32]
    offsets: NDArray[np.float32]


def residual_scales(config: Net1DConfig, graph: OperatorGraph, ranges: Ranges) -> NDArray[np.float32]:
    """Scales that bring the channels of the residual stream closer together.

    Parameters
    ----------
    config
        Of the network.
    graph, ranges
        Its graph as `converter.ecgfounder.emit.emit` writes it without scales, and what calibration found there.

    Returns
    -------
    NDArray[float32]
        Shape (channels of the last stage,), positive, at most 1: what each channel is divided by from where it begins
        to the end.
    """
    peaks = np.zeros(config.filter_list[-1], np.float32)
    carried = _carried(config)
    stream = {"first/swish": config.base_filters, **{f"{b.name}/add": b.out_channels for b in config.blocks()}}
    for tensor, name in enumerate(graph.names):
        if name in stream:
            channels = carried[stream[name]]
            peaks[channels] = np.maximum(peaks[channels], ranges.channel_peaks[tensor])
    relative = peaks / max(float(peaks.max()), float(np.finfo(np.float32).tiny))
    scales = np.maximum(relative**_EXPONENT, _SMALLEST)
    return (np.rint(scales * _CONSTANT_STEPS) / _CONSTANT_STEPS).astype(np.float32)


def scales_by_width(config: Net1DConfig, scales: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
    """Scales of the stream's channels where it has so many of them, as `residual_scales` gives them at its end."""
    return {width: scales[channels] for width, channels in _carried(config).items()}


def equalised(checkpoint: Checkpoint, scales: NDArray[np.float32]) -> Checkpoint:
    """Return the weights that write a residual stream divided by scales, and read it so.

    Parameters
    ----------
    checkpoint
        The network.
    scales
        Shape (channels of the last stage,), positive.

    Returns
    -------
    Checkpoint
        Its layers fit together only where an activation function of the stream, f(x) / scale, is computed from the
        true x, as `converter.ecgfounder.emit.emit` does.
    """
    config, weights = checkpoint.config, dict(checkpoint.weights)
    by_width = scales_by_width(config, scales)
    for block in config.blocks():
        before, after = by_width[block.in_channels], by_width[block.out_channels]
        weights[f"{block.prefix}conv1.conv.weight"] = weights[f"{block.prefix}conv1.conv.weight"] * before[:, None]
        weights[f"{block.prefix}conv3.conv.weight"] = weights[f"{block.prefix}conv3.conv.weight"] / after[:, None, None]
        weights[f"{block.prefix}conv3.conv.bias"] = weights[f"{block.prefix}conv3.conv.bias"] / after
        weights[f"{block.prefix}se_fc1.weight"] = weights[f"{block.prefix}se_fc1.weight"] * after
    first = by_width[config.base_filters]
    weights["first_conv.conv.weight"] = weights["first_conv.conv.weight"] / first[:, None, None]
    weights["first_conv.conv.bias"] = weights["first_conv.conv.bias"] / first
    weights["dense.weight"] = weights["dense.weight"] * scales
    return replace(checkpoint, weights=weights)


def normalised_outputs(checkpoint: Checkpoint, logits: NDArray[np.float32]) -> NormalisedOutputs:
    """Give every output the same range, so that one int8 step is as fine for each.

    Parameters
    ----------
    checkpoint
        The network.
    logits
        Of calibration windows, shape (n, n_outputs).
    """
    lowest, highest = logits.min(axis=0), logits.max(axis=0)
    offsets = (lowest + highest) / 2
    scales = np.maximum((highest - lowest) / 2, _NARROWEST)
    head = {
        "dense.weight": checkpoint.weights["dense.weight"] / scales[:, None],
        "dense.bias": (checkpoint.weights["dense.bias"] - offsets) / scales,
    }
    return NormalisedOutputs(replace(checkpoint, weights={**checkpoint.weights, **head}), scales, offsets)


def with_headroom(graph: OperatorGraph, ranges: Ranges) -> Ranges:
    """Widen the range of the outputs, so that a window unlike those of the calibration does not saturate them at once.

    Parameters
    ----------
    graph, ranges
        Of the network whose outputs are normalised.
    """
    output = graph.output
    middle = (ranges.lowest[output] + ranges.highest[output]) / 2
    reach = _HEADROOM * (ranges.highest[output] - ranges.lowest[output]) / 2
    return replace(
        ranges,
        lowest={**ranges.lowest, output: middle - reach},
        highest={**ranges.highest, output: middle + reach},
    )


def _carried(config: Net1DConfig) -> dict[int, slice]:
    """Where the channels of each width of the stream are among those of the last stage.

    The identity carries channels on and pads new ones on both sides of them.
    """
    width = config.filter_list[-1]
    found, begin = {width: slice(0, width)}, 0
    for narrower in (*config.filter_list[-2::-1], config.base_filters):
        begin += (width - narrower) // 2
        width = narrower
        found[width] = slice(begin, begin + width)
    return found
