"""A pack's network in torch, eager and in float, with what its int8 weights stand for."""

from collections.abc import Callable
from typing import TypeAlias, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from benchmarks.peers.real_weights import along, real_bias, real_factors, real_weights
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
)

Made: TypeAlias = dict[int, torch.Tensor]
Step: TypeAlias = Callable[[Made], torch.Tensor]


class TorchNetwork:
    """The network as torch's functions, one after the other; tensors are (1, channels, width).

    Parameters
    ----------
    network
        As `converter.patch.reading.read_network` reads it.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._steps = [(operator.y, _step(operator, network)) for operator in network.operators]

    def __call__(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one window; both in the pack's shapes."""
        network = self._network
        source, result = network.tensors[network.input], network.tensors[network.output]
        with torch.inference_mode():
            made = {network.input: torch.from_numpy(window).reshape(1, source.width, source.channels).transpose(1, 2)}
            for y, step in self._steps:
                made[y] = step(made)
            return np.asarray(made[network.output].transpose(1, 2).reshape(result.shape).numpy(), np.float32)


def _step(operator: Operator, network: Network) -> Step:
    match operator:
        case Conv() | Depthwise() | Dense():
            return _activated(_layer(operator, network), operator.activation)
        case Mul() | Scale() | Add() | MaxPool():
            return _activated(_combined(operator), operator.activation)
        case Mean(x=x):
            return lambda made: made[x].mean(dim=2, keepdim=True)
        case Logistic(x=x):
            return lambda made: torch.sigmoid(made[x])
        case Reshape(x=x, y=y):
            shape = (1, network.tensors[y].width, network.tensors[y].channels)
            return lambda made: made[x].transpose(1, 2).reshape(shape).transpose(1, 2)
        case Pad(x=x, rows=rows, channels=channels):
            return lambda made: functional.pad(made[x], (*rows, *channels))
        case _:
            assert_never(operator)


def _activated(step: Step, activation: Activation) -> Step:
    match activation:
        case Activation.NONE:
            return step
        case Activation.RELU:
            return lambda made: torch.relu(step(made))
        case Activation.RELU6:
            return lambda made: functional.relu6(step(made))
        case _:
            assert_never(activation)


def _combined(operator: Mul | Scale | Add | MaxPool) -> Step:
    match operator:
        case Mul(a=a, b=b):
            return lambda made: made[a] * made[b]
        case Scale(x=x):
            factors = torch.from_numpy(real_factors(operator))[None, :, None]
            return lambda made: made[x] * factors
        case Add(a=a, b=b):
            return lambda made: made[a] + made[b]
        case MaxPool(x=x, rows=rows):
            return lambda made: functional.max_pool1d(_extended(made[x], rows, float("-inf")), rows.kernel, rows.stride)
        case _:
            assert_never(operator)


def _layer(operator: Conv | Depthwise | Dense, network: Network) -> Step:
    weights, bias = torch.from_numpy(real_weights(operator)), torch.from_numpy(real_bias(operator, network))
    (n_groups, rows), x = along(operator, network), operator.x
    if rows.before == rows.after:
        return lambda made: functional.conv1d(made[x], weights, bias, rows.stride, rows.before, 1, n_groups)
    return lambda made: functional.conv1d(_extended(made[x], rows, 0.0), weights, bias, rows.stride, 0, 1, n_groups)


def _extended(x: torch.Tensor, rows: Rows, value: float) -> torch.Tensor:
    return functional.pad(x, (rows.before, rows.after), value=value) if rows.before or rows.after else x
