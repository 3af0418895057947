"""A pack's int8 network as a float TFLite graph, with what its weights stand for: what int8 is worth on one runtime."""

from typing import Final, assert_never

from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.real_weights import real_bias, real_factors, real_weights
from converter.graph import Graph, Tensor
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

_VECTOR: Final = 2
"""Axes of what a mean leaves without its height and width."""


def write_float(network: Network) -> bytes:
    """Write the float graph.

    Parameters
    ----------
    network
        As `converter.patch.reading.read_network` reads it.

    Raises
    ------
    PeerUnavailable
        If it has something that `converter.graph.Graph` does not write: no network of this converter has.
    """
    graph = Graph("float")
    source = network.tensors[network.input]
    made = {network.input: graph.input(source.name, source.shape)}
    for operator in network.operators:
        made[operator.y] = _written(graph, network, made, operator)
    return graph.to_bytes(made[network.input], made[network.output])


def _written(graph: Graph, network: Network, made: dict[int, Tensor], operator: Operator) -> Tensor:
    y = network.tensors[operator.y]
    match operator:
        case Conv() | Depthwise() | Dense():
            return _layer(graph, network, made[operator.x], operator)
        case Mul() | Scale() | Add():
            return _combined(graph, y.name, made, operator)
        case Reshape(x=x):
            return graph.reshape(y.name, made[x], y.shape)
        case Logistic(x=x):
            return graph.logistic(y.name, made[x])
        case Mean(x=x):
            return graph.mean_over_time(y.name, made[x], keep_dims=len(y.shape) > _VECTOR)
        case MaxPool(x=x, rows=rows, activation=activation):
            _expect(rows == Rows(rows.kernel, rows.kernel, 0, 0) and not _relu(activation), "a pool that overlaps")
            return graph.max_pool(y.name, made[x], rows.kernel)
        case Pad(x=x, rows=(before, after), channels=channels):
            _expect(before == 0, "padding before the first row")
            return graph.pad(y.name, made[x], width_after=after, channels=channels)
        case _:
            assert_never(operator)


def _layer(graph: Graph, network: Network, x: Tensor, operator: Conv | Depthwise | Dense) -> Tensor:
    name, relu = network.tensors[operator.y].name, _relu(operator.activation)
    weights, bias = real_weights(operator), real_bias(operator, network)
    match operator:
        case Dense():
            return graph.fully_connected(name, x, weights[:, :, 0], bias, relu=relu)
        case Conv():
            y = graph.conv(name, x, weights, bias, operator.rows.stride, relu=relu)
        case Depthwise():
            y = graph.depthwise(name, x, weights, bias, operator.rows.stride, relu=relu)
    rows, length = operator.rows, network.tensors[operator.x].width
    missing = max((-(-length // rows.stride) - 1) * rows.stride + rows.kernel - length, 0)
    _expect((rows.before, rows.after) == (missing // 2, missing - missing // 2), "a convolution without SAME padding")
    return y


def _combined(graph: Graph, name: str, made: dict[int, Tensor], operator: Mul | Scale | Add) -> Tensor:
    match operator:
        case Add(a=a, b=b):
            return graph.add(name, made[a], made[b], relu=_relu(operator.activation))
        case Mul(a=a, b=b):
            _expect(not _relu(operator.activation), "a rectified product")
            return graph.mul(name, made[a], made[b])
        case Scale(x=x):
            _expect(not _relu(operator.activation), "a rectified product")
            return graph.scale(name, made[x], real_factors(operator))
        case _:
            assert_never(operator)


def _relu(activation: Activation) -> bool:
    _expect(activation is not Activation.RELU6, "RELU6")
    return activation is Activation.RELU


def _expect(holds: bool, what: str) -> None:  # noqa: FBT001 - a condition, as assert takes it
    if not holds:
        raise PeerUnavailable(f"the network has {what}", advice="compare it without LiteRT in float")
