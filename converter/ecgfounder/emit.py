"""Net1D as a TFLite graph, equal to the reference implementation in float."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.equalise import equalised, scales_by_width
from converter.ecgfounder.net1d import Block, Weights
from converter.graph import Graph, Tensor
from converter.target import Target

_Layer: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights and bias."""


def emit(
    checkpoint: Checkpoint,
    window_samples: int,
    *,
    target: Target = Target.LITERT,
    residual_scales: NDArray[np.float32] | None = None,
) -> bytes:
    """Write the float graph of a Net1D.

    Parameters
    ----------
    checkpoint
        Configuration and weights.
    window_samples
        Length of the input, shape (1, window_samples); the output is (1, n_outputs) logits.
    target
        The runtime it is written for. The graph computes the same either way, with a grouped convolution as one
        operator or as one for each group; tensors of both graphs have the same names.
    residual_scales
        What the channels of the residual stream are divided by, as `converter.ecgfounder.equalise.residual_scales`
        gives it; None leaves them as they are. The graph computes the same either way.

    Returns
    -------
    bytes
        A TFLite flatbuffer. Convolutions run along the width of (1, 1, width, channels), which keeps every operator
        written for LiteRT one that its XNNPACK delegate takes.
    """
    config = checkpoint.config
    scales = np.ones(config.filter_list[-1], np.float32) if residual_scales is None else residual_scales
    weights = checkpoint.weights if residual_scales is None else equalised(checkpoint, scales).weights
    by_width = scales_by_width(config, scales)
    graph = Graph("Net1D")
    signal = graph.input("x", (1, window_samples))
    x = graph.reshape("in4d", signal, (1, 1, window_samples, 1))
    x = graph.conv("first", x, *_layer(weights, "first_conv.conv"), stride=config.stride)
    x = _swish(graph, "first", x, by_width[config.base_filters])
    for block in config.blocks():
        x = _block(graph, block, x, by_width[block.in_channels], weights, target)
    x = graph.mean_over_time("gap", x, keep_dims=False)
    return graph.to_bytes(signal, graph.fully_connected("dense", x, *_layer(weights, "dense")))


def _block(
    graph: Graph, block: Block, x: Tensor, scales: NDArray[np.float32], weights: Weights, target: Target
) -> Tensor:
    name, prefix = block.name, block.prefix
    y = x if block.is_first else _swish(graph, f"{name}/a1", x, scales)
    y = graph.conv(f"{name}/c1", y, *_layer(weights, f"{prefix}conv1.conv"))
    y = _swish(graph, f"{name}/a2", y)
    y = _grouped(graph, f"{name}/c2", y, _layer(weights, f"{prefix}conv2.conv"), block.stride, target)
    y = _swish(graph, f"{name}/a3", y)
    y = graph.conv(f"{name}/c3", y, *_layer(weights, f"{prefix}conv3.conv"))
    y = graph.mul(f"{name}/se/mul", y, _gate(graph, block, y, weights))
    return graph.add(f"{name}/add", y, _identity(graph, block, x))


def _grouped(graph: Graph, name: str, x: Tensor, layer: _Layer, stride: int, target: Target) -> Tensor:
    """Convolve in groups: by one operator, or by one for each group between a SPLIT and a CONCATENATION."""
    weights, bias = layer
    n_groups = x.shape[-1] // weights.shape[1]
    if target is Target.LITERT or n_groups == 1:
        return graph.conv(name, x, weights, bias, stride)
    parts = graph.split(f"{name}/split", x, n_groups)
    groups = zip(parts, np.split(weights, n_groups), np.split(bias, n_groups), strict=True)
    convolved = [graph.conv(f"{name}/{i}", part, w, b, stride) for i, (part, w, b) in enumerate(groups)]
    return graph.concatenation(name, convolved)


def _gate(graph: Graph, block: Block, x: Tensor, weights: Weights) -> Tensor:
    """Squeeze and excite: one factor a channel, from the mean over time. Its linear layers are 1x1 convolutions."""
    name = f"{block.name}/se"
    squeezed = graph.mean_over_time(f"{name}/mean", x, keep_dims=True)
    (w1, b1), (w2, b2) = _layer(weights, f"{block.prefix}se_fc1"), _layer(weights, f"{block.prefix}se_fc2")
    hidden = _swish(graph, name, graph.conv(f"{name}/fc1", squeezed, w1[:, :, None], b1))
    return graph.logistic(f"{name}/gate", graph.conv(f"{name}/fc2", hidden, w2[:, :, None], b2))


def _identity(graph: Graph, block: Block, x: Tensor) -> Tensor:
    """Pool and widen the residual.

    The reference pads an odd width with one zero before pooling, so its last value is max(x, 0); TFLite's own SAME
    pooling would pad with minus infinity.
    """
    if block.stride > 1:
        missing = -x.shape[2] % block.stride
        if missing:
            x = graph.pad(f"{block.name}/padl", x, width_after=missing)
        x = graph.max_pool(f"{block.name}/pool", x, block.stride)
    added = block.out_channels - block.in_channels
    if added:
        x = graph.pad(f"{block.name}/padc", x, channels=(added // 2, added - added // 2))
    return x


def _swish(graph: Graph, name: str, x: Tensor, scales: NDArray[np.float32] | None = None) -> Tensor:
    """Swish of x; where x is divided by scales, so is what comes out."""
    true = x if scales is None or (scales == 1).all() else graph.scale(f"{name}/scale", x, scales)
    return graph.mul(f"{name}/swish", x, graph.logistic(f"{name}/sig", true))


def _layer(weights: Weights, name: str) -> _Layer:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
