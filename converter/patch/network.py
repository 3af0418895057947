"""An int8 network along time, as a closed union of operators: all that can become C for a patch.

Every tensor is [width][channels] in row order; the batch and the height are 1, and a vector is one row.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.quant import Quantisation


class Activation(StrEnum):
    """What an operator does to its output before it is written."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An int8 tensor that changes from window to window.

    Parameters
    ----------
    name
        As the model calls it.
    shape
        As the model states it; its last axis is the channels.
    quantisation
        What its int8 values mean.
    """

    name: str
    shape: tuple[int, ...]
    quantisation: Quantisation

    @property
    def channels(self) -> int:
        """Values of one row."""
        return self.shape[-1]

    @property
    def width(self) -> int:
        """Rows."""
        return prod(self.shape[:-1])

    @property
    def size_bytes(self) -> int:
        """All values."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Rows:
    """How a kernel goes along the rows of its input.

    Parameters
    ----------
    kernel, stride
        Rows that one output row reads, and from one output row to the next.
    before, after
        Rows of padding.
    """

    kernel: int
    stride: int
    before: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a convolution or a fully connected layer multiplies with.

    Parameters
    ----------
    values
        ``NDArray[int8]``: shape (out, kernel, in / groups) of a convolution, (kernel, channels) of a depthwise one,
        (out, in) of a fully connected layer.
    scales
        ``NDArray[float32]``, shape (out,), or (1,) where all channels share one; the zero point is 0.
    bias
        ``NDArray[int32]``, shape (out,).
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Reshape:
    """RESHAPE: the same bytes under another shape."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """CONV_2D along the width, grouped where the weights read fewer channels than the input has."""

    x: int
    y: int
    weights: Weights
    rows: Rows
    activation: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Depthwise:
    """DEPTHWISE_CONV_2D along the width with depth multiplier 1."""

    x: int
    y: int
    weights: Weights
    rows: Rows
    activation: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """FULLY_CONNECTED, row by row."""

    x: int
    y: int
    weights: Weights
    activation: Activation


@dataclass(frozen=True, slots=True)
class Mean:
    """MEAN over all rows."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Logistic:
    """LOGISTIC, element by element."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Mul:
    """MUL; `b` has the shape of `a`, or one row for all of its rows."""

    a: int
    b: int
    y: int
    activation: Activation


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """MUL by constants: ``NDArray[int8]``, shape (channels,), for every row the same."""

    x: int
    y: int
    factors: NDArray[np.int8]
    quantisation: Quantisation
    activation: Activation


@dataclass(frozen=True, slots=True)
class Add:
    """ADD of equal shapes."""

    a: int
    b: int
    y: int
    activation: Activation


@dataclass(frozen=True, slots=True)
class MaxPool:
    """MAX_POOL_2D along the width; what lies beyond the ends is smaller than everything."""

    x: int
    y: int
    rows: Rows
    activation: Activation


@dataclass(frozen=True, slots=True)
class Pad:
    """PAD with zeros: rows before and after, and channels before and after those of each row."""

    x: int
    y: int
    rows: tuple[int, int]
    channels: tuple[int, int]


Operator: TypeAlias = Reshape | Conv | Depthwise | Dense | Mean | Logistic | Mul | Scale | Add | MaxPool | Pad
"""Everything a network may consist of."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Operators in the order in which they run.

    Parameters
    ----------
    tensors
        By number: those that change from window to window.
    operators
        Each writes a tensor that nothing else writes.
    input, output
        Numbers of the network's own.
    """

    tensors: dict[int, Tensor]
    operators: tuple[Operator, ...]
    input: int
    output: int


def reads(operator: Operator) -> tuple[int, ...]:
    """Return the tensors that an operator reads."""
    if isinstance(operator, Mul | Add):
        return operator.a, operator.b
    return (operator.x,)
