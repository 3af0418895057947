"""Networks of one kernel each, in the shapes that networks for ECG have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

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
    Rows,
    Tensor,
    Weights,
)
from edge.boards.profile import Unit
from edge.quant import Quantisation

CONVS = ((320, 1, 8, 9, 2), (250, 1, 16, 16, 2), (160, 8, 20, 9, 2), (80, 16, 16, 16, 2), (80, 20, 20, 7, 1),
         (40, 32, 32, 5, 1), (40, 32, 48, 4, 2), (20, 48, 48, 5, 1), (20, 64, 64, 7, 1))  # fmt: skip
"""Width, channels in and out, kernel, stride."""
POINTWISE = ((320, 16, 16), (160, 20, 20), (160, 32, 16), (80, 20, 40), (80, 48, 64), (40, 64, 64), (20, 64, 128),
             (1, 64, 16), (1, 16, 64))  # fmt: skip
"""Width, channels in and out."""
DEPTHWISE = ((320, 16, 9, 1), (160, 32, 9, 2), (80, 48, 7, 1), (40, 64, 7, 1), (40, 96, 5, 1))
"""Width, channels, kernel, stride."""
DENSE = ((64, 24), (96, 6), (192, 48), (32, 10))
"""Values read and written."""
SHAPES = ((625, 16), (313, 32), (160, 20), (80, 48), (40, 64))
"""Width and channels of what goes element by element."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A network of one kernel.

    Parameters
    ----------
    unit
        Whose cost it shows.
    network
        The whole network.
    """

    unit: Unit
    network: Network


def layers() -> Iterator[Layer]:
    """Make all of them."""
    random = np.random.default_rng(0)
    for width, read, written, kernel, stride in CONVS:
        yield Layer(Unit.CONV, _conv(random, width, read, written, kernel, stride))
    for width, read, written in POINTWISE:
        yield Layer(Unit.POINTWISE, _conv(random, width, read, written, 1, 1))
    for width, channels, kernel, stride in DEPTHWISE:
        yield Layer(Unit.DEPTHWISE, _depthwise(random, width, channels, kernel, stride))
    for read, written in DENSE:
        yield Layer(Unit.DENSE, _dense(random, read, written))
    for width, channels in SHAPES:
        for unit, make in ELEMENT_BY_ELEMENT.items():
            yield Layer(unit, make(width, channels))


def _tensor(number: int, width: int, channels: int) -> Tensor:
    return Tensor(f"t{number}", (1, 1, width, channels), Quantisation(0.02 + 0.001 * number, number))


def _network(tensors: dict[int, Tensor], *operators: Operator) -> Network:
    return Network(tensors, operators, 0, operators[-1].y)


def _weights(random: np.random.Generator, shape: tuple[int, ...], written: int) -> Weights:
    values = random.integers(-127, 128, shape).astype(np.int8)
    scales = random.uniform(0.001, 0.003, written).astype(np.float32)
    return Weights(values, scales, random.integers(-500, 500, written).astype(np.int32))


def _same(width: int, kernel: int, stride: int) -> tuple[int, Rows]:
    written = -(-width // stride)
    padding = max((written - 1) * stride + kernel - width, 0)
    return written, Rows(kernel, stride, padding // 2, padding - padding // 2)


def _conv(random: np.random.Generator, width: int, read: int, written: int, kernel: int, stride: int) -> Network:
    width_out, rows = _same(width, kernel, stride)
    weights = _weights(random, (written, kernel, read), written)
    return _network(
        {0: _tensor(0, width, read), 1: _tensor(1, width_out, written)}, Conv(0, 1, weights, rows, Activation.RELU)
    )


def _depthwise(random: np.random.Generator, width: int, channels: int, kernel: int, stride: int) -> Network:
    width_out, rows = _same(width, kernel, stride)
    weights = _weights(random, (kernel, channels), channels)
    tensors = {0: _tensor(0, width, channels), 1: _tensor(1, width_out, channels)}
    return _network(tensors, Depthwise(0, 1, weights, rows, Activation.RELU))


def _dense(random: np.random.Generator, read: int, written: int) -> Network:
    weights = _weights(random, (written, read), written)
    return _network({0: _tensor(0, 1, read), 1: _tensor(1, 1, written)}, Dense(0, 1, weights, Activation.NONE))


def _mean(width: int, channels: int) -> Network:
    return _network({0: _tensor(0, width, channels), 1: _tensor(1, 1, channels)}, Mean(0, 1))


def _max(width: int, channels: int) -> Network:
    tensors = {0: _tensor(0, 2 * width, channels), 1: _tensor(0, width, channels)}
    return _network(tensors, MaxPool(0, 1, Rows(2, 2, 0, 0), Activation.NONE))


def _table(width: int, channels: int) -> Network:
    tensors = {0: _tensor(0, width, channels), 1: Tensor("t1", (1, 1, width, channels), Quantisation(1 / 256, -128))}
    return _network(tensors, Logistic(0, 1))


def _multiply(width: int, channels: int) -> Network:
    """A gate: every row times the same row, which is a mean that costs little beside it."""
    tensors = {0: _tensor(0, width, channels), 1: _tensor(1, 1, channels), 2: _tensor(2, width, channels)}
    return _network(tensors, Mean(0, 1), Mul(0, 1, 2, Activation.NONE))


def _add(width: int, channels: int) -> Network:
    """A sum of an input and its maximum over one row, which costs little beside it."""
    tensors = {0: _tensor(0, width, channels), 1: _tensor(0, width, channels), 2: _tensor(2, width, channels)}
    maximum = MaxPool(0, 1, Rows(1, 1, 0, 0), Activation.NONE)
    return _network(tensors, maximum, Add(0, 1, 2, Activation.NONE))


def _copy(width: int, channels: int) -> Network:
    tensors = {0: _tensor(0, width, channels), 1: _tensor(0, width, channels + 16)}
    return _network(tensors, Pad(0, 1, (0, 0), (8, 8)))


ELEMENT_BY_ELEMENT: dict[Unit, Callable[[int, int], Network]] = {
    Unit.MEAN: _mean,
    Unit.MAX: _max,
    Unit.TABLE: _table,
    Unit.MULTIPLY: _multiply,
    Unit.ADD: _add,
    Unit.COPY: _copy,
}
"""How a kernel of each kind is shown."""
