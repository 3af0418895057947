"""Reverse-mode derivatives of the operators that a float graph is made of."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.operators import Operator, OperatorGraph

Floats: TypeAlias = NDArray[np.float32]
_WIDTH: Final = 2
"""Axis of time in (n, height, width, channels)."""


def derivatives(
    graph: OperatorGraph, values: Mapping[int, Floats], gradient: Floats
) -> Iterator[tuple[int, list[Floats]]]:
    """Derivatives of a sum of outputs with respect to every tensor, last operator first, the graph's input at the end.

    Parameters
    ----------
    graph
        The network; all that it writes is read, but for its output.
    values
        Every tensor of one window, as `converter.activations.ActivationReader` gives them.
    gradient
        Derivative of the sum with respect to the graph's output, of its shape.

    Yields
    ------
    tuple
        A tensor's number, and the derivative through each of its readers in their order, each of the tensor's shape;
        `gradient` itself for the graph's output.
    """
    through: defaultdict[int, list[Floats]] = defaultdict(list)
    through[graph.output].append(gradient)
    for operator in reversed(graph.operators):
        written = [through.pop(tensor) for tensor in operator.outputs]
        yield from zip(operator.outputs, written, strict=True)
        whole = [sum(parts[1:], parts[0]) for parts in written]
        joined = whole[0] if len(whole) == 1 else np.concatenate(whole, axis=-1)
        parts = input_gradients(operator, values, joined)
        for tensor, part in reversed([*zip(operator.inputs, parts, strict=True)]):
            through[tensor].insert(0, part)  # last reader first
    yield graph.input, through[graph.input]


def input_gradients(  # noqa: C901, PLR0911 - one line an operator
    operator: Operator, values: Mapping[int, Floats], gradient: Floats
) -> tuple[Floats, ...]:
    """Derivative of a sum with respect to what an operator reads.

    Parameters
    ----------
    operator
        Any that `converter.graph.Graph` writes.
    values
        Of the tensors it reads and writes, by number.
    gradient
        Derivative with respect to what it writes, of that shape; for a SPLIT, its parts joined again.

    Returns
    -------
    tuple
        One array for each of ``operator.inputs``, of its shape.

    Raises
    ------
    NotImplementedError
        If the operator is not one of them.
    """
    read = [values[tensor] for tensor in operator.inputs]
    match operator.kind:
        case "CONV_2D":
            return (_convolution(operator, read[0], gradient),)
        case "FULLY_CONNECTED":
            return (gradient @ operator.constants[0],)
        case "LOGISTIC":
            y = values[operator.output]
            return (gradient * y * (1 - y),)
        case "MUL":
            return _product(operator, read, gradient)
        case "ADD":
            return tuple(_summed_to(gradient, x.shape) for x in read)
        case "MEAN":
            return (_spread(read[0], gradient),)
        case "PAD":
            return (_unpadded(operator, read[0], gradient),)
        case "MAX_POOL_2D":
            return (_pool(operator, read[0], gradient),)
        case "RESHAPE" | "SPLIT":
            return (gradient.reshape(read[0].shape),)
        case "CONCATENATION":
            return tuple(np.split(gradient, np.cumsum([x.shape[-1] for x in read[:-1]]), axis=-1))
        case _:
            raise NotImplementedError(operator.kind)


def _product(operator: Operator, read: list[Floats], gradient: Floats) -> tuple[Floats, ...]:
    if operator.constants:
        return (_summed_to(gradient * operator.constants[0], read[0].shape),)
    x, y = read
    return _summed_to(gradient * y, x.shape), _summed_to(gradient * x, y.shape)


def _summed_to(gradient: Floats, shape: tuple[int, ...]) -> Floats:
    """Undo a broadcast."""
    spread = tuple(axis for axis, (size, wide) in enumerate(zip(shape, gradient.shape, strict=True)) if size != wide)
    return gradient.sum(axis=spread, keepdims=True) if spread else gradient


def _spread(x: Floats, gradient: Floats) -> Floats:
    """Undo a mean over height and width."""
    n, *_, channels = x.shape
    return np.broadcast_to(gradient.reshape(n, 1, 1, channels) * (n * channels / x.size), x.shape)


def _unpadded(operator: Operator, x: Floats, gradient: Floats) -> Floats:
    pads: list[tuple[int, int]] = operator.constants[0].tolist()
    return gradient[tuple(slice(before, before + size) for (before, _), size in zip(pads, x.shape, strict=True))]


def _pool(operator: Operator, x: Floats, gradient: Floats) -> Floats:
    """To the largest of each window, the first one of equals."""
    n, height, width, channels = gradient.shape
    size = operator.stride
    windows = x[:, :, : width * size].reshape(n, height, width, size, channels)
    best = windows.argmax(axis=3)[:, :, :, None]
    spread = np.where(np.arange(size)[:, None] == best, gradient[:, :, :, None], np.float32(0))
    out = np.zeros_like(x)
    out[:, :, : width * size] = spread.reshape(n, height, width * size, channels)
    return out


def _convolution(operator: Operator, x: Floats, gradient: Floats) -> Floats:
    """Along the width, SAME padding, in as many groups as the weights leave."""
    weights, stride = operator.constants[0], operator.stride
    n_out, _, kernel, per_group = weights.shape
    if kernel == 1 and stride == 1 and per_group == x.shape[-1]:
        return gradient @ weights[:, 0, 0]
    n, height, width, channels = x.shape
    steps, groups = gradient.shape[_WIDTH], channels // per_group
    by_group = gradient.reshape(n * height * steps, groups, n_out // groups).transpose(1, 0, 2)
    taps = by_group @ weights.reshape(groups, n_out // groups, kernel * per_group)
    taps = taps.reshape(groups, n * height, steps, kernel, per_group).transpose(1, 2, 3, 0, 4)
    padding = max(0, (steps - 1) * stride + kernel - width)
    out = np.zeros((n * height, width + padding, groups, per_group), np.float32)
    for tap in range(kernel):
        out[:, tap : tap + steps * stride : stride] += taps[:, :, tap]
    return out[:, padding // 2 : padding // 2 + width].reshape(x.shape)
