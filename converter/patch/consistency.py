"""Whether what a model states goes together: nothing of it may make C that reads beyond a tensor."""

from collections.abc import Iterable
from typing import Final, assert_never

from converter.patch.network import (
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
    Scale,
    Tensor,
)
from converter.patch.numerics import Rescale, convolution_rescales, dense_rescales, product_rescale

_MOST_SHIFT: Final = 30
"""To the left, so that int32 holds it."""


def inconsistent(network: Network) -> tuple[Operator, str] | None:
    """Return the first operator whose shapes or scales do not go together, and what does not; None where all do."""
    for operator in network.operators:
        if not _shapes_agree(operator, network.tensors):
            return operator, "its shapes do not go together"
        if any(by.shift > _MOST_SHIFT for by in _rescales(operator, network.tensors)):
            return operator, "its output's scale is out of all proportion to its input's"
    return None


def _shapes_agree(operator: Operator, tensors: dict[int, Tensor]) -> bool:
    y = tensors[operator.y]
    match operator:
        case Reshape(x=x) | Logistic(x=x) | Scale(x=x):
            return tensors[x].size_bytes == y.size_bytes
        case Conv() | Depthwise() | Dense():
            return _layer_agrees(operator, tensors[operator.x], y)
        case Mean(x=x):
            return y.size_bytes == tensors[x].channels
        case Mul() | Add():
            return tensors[operator.a].size_bytes == y.size_bytes
        case MaxPool(x=x):
            return tensors[x].channels == y.channels
        case Pad():
            inner = tensors[operator.x]
            return (inner.width + sum(operator.rows), inner.channels + sum(operator.channels)) == (y.width, y.channels)
        case _:
            assert_never(operator)


def _layer_agrees(operator: Conv | Depthwise | Dense, x: Tensor, y: Tensor) -> bool:
    weights = operator.weights
    if weights.bias.shape != (y.channels,) or weights.scales.size not in {1, y.channels}:
        return False
    match operator:
        case Conv(rows=rows):
            return weights.values.shape[:2] == (y.channels, rows.kernel)
        case Depthwise(rows=rows):
            return weights.values.shape == (rows.kernel, y.channels) and x.channels == y.channels
        case Dense():
            return weights.values.shape == (y.channels, x.channels) and x.width == y.width
        case _:
            assert_never(operator)


def _rescales(operator: Operator, tensors: dict[int, Tensor]) -> Iterable[Rescale]:
    of_y = tensors[operator.y].quantisation
    match operator:
        case Conv() | Depthwise():
            return convolution_rescales(tensors[operator.x].quantisation, operator.weights, of_y)
        case Dense():
            return dense_rescales(tensors[operator.x].quantisation, operator.weights, of_y)
        case Mul():
            return (product_rescale(tensors[operator.a].quantisation, tensors[operator.b].quantisation, of_y),)
        case Scale():
            return (product_rescale(tensors[operator.x].quantisation, operator.quantisation, of_y),)
        case _:
            return ()
