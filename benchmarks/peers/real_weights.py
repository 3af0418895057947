"""What an int8 network's constants stand for: the numbers that every other form of it is made of."""

import numpy as np
from numpy.typing import NDArray

from converter.patch.network import Conv, Dense, Depthwise, Network, Rows, Scale


def real_weights(operator: Conv | Depthwise | Dense) -> NDArray[np.float32]:
    """Weights of a layer, in the shape of torch's Conv1d: (out, in / groups, kernel); kernel 1 of a dense one."""
    match operator:
        case Conv():
            values, axis = operator.weights.values.transpose(0, 2, 1), 0
        case Depthwise():
            values, axis = operator.weights.values.T[:, None], 0
        case Dense():
            values, axis = operator.weights.values[:, :, None], 0
    scales = np.expand_dims(operator.weights.scales, tuple(i for i in range(values.ndim) if i != axis))
    return np.ascontiguousarray(values.astype(np.float32) * scales)


def real_bias(operator: Conv | Depthwise | Dense, network: Network) -> NDArray[np.float32]:
    """Biases of a layer, shape (out,): whole steps of the input's scale times the weights'."""
    steps = bias_scales(operator, network)
    return (operator.weights.bias * steps.astype(np.float64)).astype(np.float32)


def bias_scales(operator: Conv | Depthwise | Dense, network: Network) -> NDArray[np.float32]:
    """Step of each bias, shape (out,)."""
    scale = np.float32(network.tensors[operator.x].quantisation.scale)
    return np.broadcast_to(operator.weights.scales * scale, operator.weights.bias.shape)


def real_factors(operator: Scale) -> NDArray[np.float32]:
    """Factors, shape (channels,)."""
    return operator.quantisation.dequantise(operator.factors)


def along(operator: Conv | Depthwise | Dense, network: Network) -> tuple[int, Rows]:
    """Into how many groups a layer parts the channels, and how it goes along the rows."""
    channels = network.tensors[operator.x].channels
    match operator:
        case Conv():
            return channels // operator.weights.values.shape[2], operator.rows
        case Depthwise():
            return channels, operator.rows
        case Dense():
            return 1, Rows(1, 1, 0, 0)
