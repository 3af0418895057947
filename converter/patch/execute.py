"""Runs a `Network` in numpy with the numbers of TFLite Micro, many windows at once.

It says what the C must give: expected outputs of self-tests come from here, and the tests compare it with TFLite
Micro's own build and with the C.
"""

from typing import Final, assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from converter.patch.logistic import logistic_table
from converter.patch.network import (
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Network,
    Operator,
    Pad,
    Reshape,
    Rows,
    Scale,
    Tensor,
    Weights,
    reads,
)
from converter.patch.numerics import (
    ADD_LEFT_SHIFT,
    LOWEST,
    Rescale,
    convolution_rescales,
    dense_rescales,
    mean_rescale,
    output_range,
    product_rescale,
    quantised,
    rescaled,
    sum_rescales,
)
from edge.quant import Quantisation

Values = NDArray[np.int8]
"""Shape (n, width, channels)."""

_AT_ONCE: Final = 16
_EXACT_IN_FLOAT32: Final = (1 << 24) // (128 * 128)
"""Products of int8 whose sum float32 holds exactly, in whatever order they are added."""


def execute(network: Network, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """Run windows through the network.

    Parameters
    ----------
    network
        What to run.
    inputs
        Shape (n, values of the input).

    Returns
    -------
    NDArray[int8]
        Shape (n, values of the output).
    """
    outputs = [_run(network, inputs[at : at + _AT_ONCE]) for at in range(0, len(inputs), _AT_ONCE)]
    return np.concatenate(outputs)


def _run(network: Network, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    source, n = network.tensors[network.input], len(inputs)
    values = {network.input: inputs.reshape(n, source.width, source.channels)}
    last = {tensor: number for number, operator in enumerate(network.operators) for tensor in reads(operator)}
    for number, operator in enumerate(network.operators):
        read = [values[tensor] for tensor in reads(operator)]
        values[operator.y] = apply(operator, network.tensors, *read)
        for tensor in reads(operator):
            if last[tensor] == number and tensor != network.output:
                values.pop(tensor, None)
    return values[network.output].reshape(n, -1)


def apply(operator: Operator, tensors: dict[int, Tensor], *read: Values) -> Values:
    """Run one operator.

    Parameters
    ----------
    operator, tensors
        The operator and the tensors it speaks of.
    read
        What it reads, each of shape (n, width, channels).
    """
    y, x = tensors[operator.y], read[0]
    match operator:
        case Conv() | Depthwise() | Dense():
            return _layer(operator, x, tensors[operator.x].quantisation, y.quantisation)
        case Mul() | Scale() | Add():
            return _elementwise(operator, tensors, *read)
        case Reshape():
            return x.reshape(len(x), y.width, y.channels)
        case Mean():
            return mean(x, tensors[operator.x].quantisation, y.quantisation)
        case Logistic():
            return look_up(x, logistic_table(tensors[operator.x].quantisation))
        case MaxPool():
            ends = output_range(y.quantisation, operator.activation)
            highest = _windows(x, operator.rows, LOWEST).max(axis=-1)
            return np.clip(highest, ends.lowest, ends.highest).astype(np.int8)
        case Pad():
            amounts = ((0, 0), operator.rows, operator.channels)
            return np.pad(x, amounts, constant_values=y.quantisation.zero_point)
        case _:
            assert_never(operator)


def _layer(operator: Conv | Depthwise | Dense, x: Values, of_x: Quantisation, of_y: Quantisation) -> Values:
    match operator:
        case Conv():
            return _conv(operator, x, of_x, of_y)
        case Depthwise():
            return _depthwise(operator, x, of_x, of_y)
        case Dense():
            sums = _exact_matmul(x, operator.weights.values.T)
            sums += folded_bias(operator.weights, operator.weights.values.sum(1, dtype=np.int64), of_x)
            return _rescaled(sums, dense_rescales(of_x, operator.weights, of_y), of_y, operator.activation)
        case _:
            assert_never(operator)


def _elementwise(operator: Mul | Scale | Add, tensors: dict[int, Tensor], *read: Values) -> Values:
    of_y, activation = tensors[operator.y].quantisation, operator.activation
    if isinstance(operator, Scale):
        of_x = tensors[operator.x].quantisation
        return multiply(read[0], operator.factors, of_x, operator.quantisation, of_y, activation)
    of_a, of_b = tensors[operator.a].quantisation, tensors[operator.b].quantisation
    both = multiply if isinstance(operator, Mul) else add
    return both(read[0], read[1], of_a, of_b, of_y, activation)


def folded_bias(weights: Weights, sums: NDArray[np.int64], x: Quantisation) -> NDArray[np.int32]:
    """Return the bias with the input's zero point folded in.

    Parameters
    ----------
    weights
        Whose bias it is.
    sums
        Of all weights of each output.
    x
        Of the input.
    """
    return (weights.bias - x.zero_point * sums).astype(np.int32)


def look_up(x: Values, table: NDArray[np.int8]) -> Values:
    """Take each value's entry of a table of 256, the first for -128."""
    return table[x.astype(np.int16) + 128]


def multiply(
    a: NDArray[np.int8],
    b: NDArray[np.int8],
    of_a: Quantisation,
    of_b: Quantisation,
    of_y: Quantisation,
    activation: Activation,
) -> NDArray[np.int8]:
    """MUL of values that broadcast against each other."""
    factor = product_rescale(of_a, of_b, of_y)
    products = (a.astype(np.int64) - of_a.zero_point) * (b.astype(np.int64) - of_b.zero_point)
    return quantised(products, factor.multiplier, factor.shift, output_range(of_y, activation))


def add(
    a: NDArray[np.int8],
    b: NDArray[np.int8],
    of_a: Quantisation,
    of_b: Quantisation,
    of_y: Quantisation,
    activation: Activation,
) -> NDArray[np.int8]:
    """ADD of equal shapes."""
    by = sum_rescales(of_a, of_b, of_y)
    total = _common(of_a, by.a)[a.astype(np.int16) + 128] + _common(of_b, by.b)[b.astype(np.int16) + 128]
    return quantised(total, by.total.multiplier, by.total.shift, output_range(of_y, activation))


def mean(x: Values, of_x: Quantisation, of_y: Quantisation) -> Values:
    """MEAN over the width, shape (n, 1, channels)."""
    width = x.shape[1]
    sums = x.sum(axis=1, keepdims=True, dtype=np.int64) - of_x.zero_point * width
    factor = mean_rescale(of_x, of_y, width)
    return quantised(sums, factor.multiplier, factor.shift, output_range(of_y, Activation.NONE))


def _common(of: Quantisation, by: Rescale) -> NDArray[np.int64]:
    every = (np.arange(-128, 128, dtype=np.int64) - of.zero_point) << ADD_LEFT_SHIFT
    return rescaled(every, by.multiplier, by.shift)


def _conv(operator: Conv, x: Values, of_x: Quantisation, of_y: Quantisation) -> Values:
    weights = operator.weights
    values = weights.values
    out, _, per_group = values.shape
    groups = x.shape[2] // per_group
    windows = _windows(x, operator.rows, of_x.zero_point)  # (n, width, channels, kernel)
    n, width = windows.shape[:2]
    parts = []
    for group, ours in enumerate(np.split(values, groups)):
        seen = windows[:, :, group * per_group : (group + 1) * per_group]
        flat = np.ascontiguousarray(seen.swapaxes(2, 3)).reshape(n, width, -1)
        parts.append(_exact_matmul(flat, ours.reshape(out // groups, -1).T))
    sums = np.concatenate(parts, axis=2)
    sums += folded_bias(weights, values.reshape(out, -1).sum(1, dtype=np.int64), of_x)
    return _rescaled(sums, convolution_rescales(of_x, weights, of_y), of_y, operator.activation)


def _depthwise(operator: Depthwise, x: Values, of_x: Quantisation, of_y: Quantisation) -> Values:
    weights = operator.weights
    windows = _windows(x, operator.rows, of_x.zero_point)
    sums = np.einsum("nwck,kc->nwc", windows.astype(np.float32), weights.values.astype(np.float32)).astype(np.int64)
    sums += folded_bias(weights, weights.values.sum(0, dtype=np.int64), of_x)
    return _rescaled(sums, convolution_rescales(of_x, weights, of_y), of_y, operator.activation)


def _windows(x: Values, rows: Rows, fill: int) -> Values:
    """What each output row reads: shape (n, width, channels, kernel)."""
    padded = np.pad(x, ((0, 0), (rows.before, rows.after), (0, 0)), constant_values=fill)
    return sliding_window_view(padded, rows.kernel, axis=1)[:, :: rows.stride]


def _exact_matmul(x: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int64]:
    dtype = np.float32 if weights.shape[0] <= _EXACT_IN_FLOAT32 else np.float64
    return (x.astype(dtype) @ weights.astype(dtype)).astype(np.int64)


def _rescaled(
    sums: NDArray[np.int64], rescales: tuple[Rescale, ...], of_y: Quantisation, activation: Activation
) -> Values:
    multipliers, shifts = [by.multiplier for by in rescales], [by.shift for by in rescales]
    return quantised(sums, multipliers, shifts, output_range(of_y, activation))
