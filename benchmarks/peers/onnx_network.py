"""A pack's int8 network as an ONNX graph: in float with what its weights stand for, or in int8 with its own scales.

In int8 every tensor is quantised and dequantised with the scale it has in the pack (QDQ), which onnxruntime turns into
its int8 kernels: nothing is calibrated again, so that both runtimes compute the same network. Tensors are
(1, channels, 1, width).
"""

from enum import Enum
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.onnx_nodes import OnnxNodes
from benchmarks.peers.real_weights import along, bias_scales, real_bias, real_factors, real_weights
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
)
from edge.quant import Quantisation


class Form(Enum):
    """How the graph computes."""

    FLOAT = "float32"
    UNSIGNED = "QDQ, activations QUInt8"
    """The pack's values, each 128 higher: x86's VNNI multiplies unsigned by signed."""
    SIGNED = "QDQ, activations QInt8"
    """The pack's own values."""


def write_network(network: Network, form: Form) -> bytes:
    """Write the graph: input ``x``, float32, and output ``logits``, both in the pack's shape."""
    graph = _Graph(network, form)
    source, result = network.tensors[network.input], network.tensors[network.output]
    graph.begin(source)
    for operator in network.operators:
        graph.add(operator)
    graph.end(result)
    return graph.to_bytes("network", source.shape, result.shape)


class _Graph(OnnxNodes):
    """The graph being written; `_known` names what stands for each of the network's tensors."""

    def __init__(self, network: Network, form: Form) -> None:
        super().__init__()
        self._network, self._form = network, form
        self._known: dict[int, str] = {}

    def begin(self, source: Tensor) -> None:
        x = self.reshape("x", (1, source.channels, 1, source.width))
        self._known[self._network.input] = self._rounded(x, source.quantisation)

    def end(self, result: Tensor) -> None:
        self.reshape(self._by_rows(self._known[self._network.output], result), result.shape, output="logits")

    def add(self, operator: Operator) -> None:
        y = self._computed(operator)
        self._known[operator.y] = self._rounded(y, self._network.tensors[operator.y].quantisation)

    def _computed(self, operator: Operator) -> str:
        match operator:
            case Conv() | Depthwise() | Dense():
                return self._active(self._layer(operator), operator.activation)
            case Mul() | Scale() | Add() | MaxPool():
                return self._active(self._combined(operator), operator.activation)
            case Mean():
                return self.op("GlobalAveragePool", self._known[operator.x])
            case Logistic():
                return self.op("Sigmoid", self._known[operator.x])
            case Reshape():
                return self._reshaped(operator)
            case Pad():
                return self._padded(operator)
            case _:
                assert_never(operator)

    def _combined(self, operator: Mul | Scale | Add | MaxPool) -> str:
        known = self._known
        match operator:
            case Mul():
                return self.op("Mul", known[operator.a], known[operator.b])
            case Scale():
                factors = self._constant(real_factors(operator)[None, :, None, None], operator.quantisation)
                return self.op("Mul", known[operator.x], factors)
            case Add():
                return self.op("Add", known[operator.a], known[operator.b])
            case MaxPool():
                return self.op("MaxPool", known[operator.x], **_along(operator.rows))
            case _:
                assert_never(operator)

    def _layer(self, operator: Conv | Depthwise | Dense) -> str:
        weights, bias = real_weights(operator)[:, :, None], real_bias(operator, self._network)
        n_groups, rows = along(operator, self._network)
        if self._form is Form.FLOAT:
            layer = [self.constant(f"w{operator.y}", weights), self.constant(f"b{operator.y}", bias)]
        else:
            scales = np.broadcast_to(operator.weights.scales, bias.shape)
            steps = np.rint(weights / scales[:, None, None, None]).astype(np.int8)
            layer = [
                self._meant(f"w{operator.y}", steps, scales),
                self._meant(f"b{operator.y}", operator.weights.bias, bias_scales(operator, self._network)),
            ]
        return self.op("Conv", self._known[operator.x], *layer, group=n_groups, **_along(rows))

    def _meant(self, name: str, steps: NDArray[Any], scales: NDArray[np.float32]) -> str:
        """A constant that is dequantised with one scale for each output."""
        zeros = self.constant(f"{name}_zeros", np.zeros(scales.shape, steps.dtype))
        inputs = self.constant(name, steps), self.constant(f"{name}_scales", scales), zeros
        return self.op("DequantizeLinear", *inputs, axis=0)

    def _active(self, y: str, activation: Activation) -> str:
        match activation:
            case Activation.NONE:
                return y
            case Activation.RELU:
                return self.op("Relu", y)
            case Activation.RELU6:
                limits = (self.constant(f"limit{i}", np.array(i, np.float32)) for i in (0, 6))
                return self.op("Clip", y, *limits)
            case _:
                assert_never(activation)

    def _padded(self, operator: Pad) -> str:
        """Zeros around, as parts that are joined: onnxruntime 1.31 would take a Pad into the pool behind it."""
        x, of = self._known[operator.x], self._network.tensors[operator.x]
        width = self._network.tensors[operator.y].width
        for axis, edges in ((3, operator.rows), (1, operator.channels)):
            shapes = ((1, of.channels, 1, n) if axis == 3 else (1, n, 1, width) for n in edges)  # noqa: PLR2004
            before, after = (self._zeros(shape, of.quantisation) for shape in shapes)
            parts = [*before, x, *after]
            x = self.op("Concat", *parts, axis=axis) if len(parts) > 1 else x
        return x

    def _zeros(self, shape: tuple[int, ...], quantisation: Quantisation) -> list[str]:
        """A constant of this shape; none where it would be empty."""
        return [self._constant(np.zeros(shape, np.float32), quantisation)] if 0 not in shape else []

    def _reshaped(self, operator: Reshape) -> str:
        given, wanted = (self._network.tensors[i] for i in (operator.x, operator.y))
        x = self._by_rows(self._known[operator.x], given)
        if 1 in (wanted.channels, wanted.width):
            return self.reshape(x, (1, wanted.channels, 1, wanted.width))
        return self.op("Transpose", self.reshape(x, (1, 1, wanted.width, wanted.channels)), perm=[0, 3, 1, 2])

    def _by_rows(self, x: str, of: Tensor) -> str:
        """The same with its channels last, as the pack has them in memory."""
        return x if 1 in (of.channels, of.width) else self.op("Transpose", x, perm=[0, 2, 3, 1])

    def _rounded(self, x: str, quantisation: Quantisation) -> str:
        """To int8 and back, where the graph computes in int8."""
        if self._form is Form.FLOAT:
            return x
        inputs = self._scale_and_zero(quantisation)
        return self.op("DequantizeLinear", self.op("QuantizeLinear", x, *inputs), *inputs)

    def _constant(self, values: NDArray[np.float32], quantisation: Quantisation) -> str:
        name = f"c{len(self._nodes)}_{len(self._constants)}"
        if self._form is Form.FLOAT:
            return self.constant(name, values)
        steps = quantisation.quantise(values)
        stored = steps if self._form is Form.SIGNED else (steps.astype(np.int16) + 128).astype(np.uint8)
        return self.op("DequantizeLinear", self.constant(name, stored), *self._scale_and_zero(quantisation))

    def _scale_and_zero(self, quantisation: Quantisation) -> tuple[str, str]:
        scale, zero = np.array(quantisation.scale, np.float32), np.array(quantisation.zero_point, np.int8)
        if self._form is Form.UNSIGNED:
            zero = np.array(quantisation.zero_point + 128, np.uint8)
        name = f"s{len(self._constants)}"
        return self.constant(name, scale), self.constant(f"{name}_zero", zero)


def _along(rows: Rows) -> dict[str, Any]:
    pads = [0, rows.before, 0, rows.after]
    return {"kernel_shape": [1, rows.kernel], "strides": [1, rows.stride], "pads": pads}
