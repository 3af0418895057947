"""Writes float TFLite graphs: a thin layer of operators over the flatbuffer schema.

Tensors are NHWC. Operators are stamped version 1, which every runtime loads. The schema is TensorFlow's ``schema.fbs``,
as `ai_edge_litert` carries it.
"""

from dataclasses import dataclass
from typing import Any, Final

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_FILE_IDENTIFIER: Final = b"TFL3"
_SCHEMA_VERSION: Final = 3
_TENSOR_TYPE: Final = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int32): schema.TensorType.INT32,
}
_SAME, _VALID = schema.Padding.SAME, schema.Padding.VALID
_NONE, _RELU = schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph being written: its index and its shape."""

    index: int
    shape: tuple[int, ...]


class Graph:
    """A graph with one signature, ``serving_default``, written operator by operator.

    Each method that adds an operator takes the output's name, under which calibration and quantisation find it.
    """

    def __init__(self, description: str) -> None:
        self._model = schema.ModelT()
        self._model.version = _SCHEMA_VERSION
        self._model.description = description.encode()
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.name = b"main"
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]
        self._codes: dict[int, int] = {}

    def input(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Add the float input."""
        return self._tensor(name, shape, np.dtype(np.float32))

    def reshape(self, name: str, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """RESHAPE of each window on its own: the batch is left open, so that a runtime may resize the input."""
        open_shape = [-1, *shape[1:]]
        options = schema.ReshapeOptionsT()
        options.newShape = open_shape
        inputs = [x, self._constant(f"{name}/shape", np.array(open_shape, np.int32))]
        return self._operator("RESHAPE", name, inputs, shape, options)

    def conv(
        self,
        name: str,
        x: Tensor,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        *,
        relu: bool = False,
    ) -> Tensor:
        """CONV_2D along the width, SAME padding; grouped where weights have fewer input channels than `x`.

        Parameters
        ----------
        name, x
            Output's name; input, shape (n, 1, width, channels).
        weights
            Shape (out, in / groups, kernel), as torch's Conv1d keeps them.
        bias
            Shape (out,).
        stride
            Along the width.
        relu
            Whether the output is rectified, by the same kernel.
        """
        options = schema.Conv2DOptionsT()
        options.fusedActivationFunction = _RELU if relu else _NONE
        options.padding, options.strideH, options.strideW = _SAME, 1, stride
        options.dilationHFactor = options.dilationWFactor = 1
        kernel = np.ascontiguousarray(weights.transpose(0, 2, 1))[:, None]
        inputs = [x, self._constant(f"{name}/w", kernel), self._constant(f"{name}/b", bias)]
        n, height, width, _ = x.shape
        shape = (n, height, -(-width // stride), weights.shape[0])
        return self._operator("CONV_2D", name, inputs, shape, options)

    def depthwise(
        self,
        name: str,
        x: Tensor,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        *,
        relu: bool = False,
    ) -> Tensor:
        """DEPTHWISE_CONV_2D along the width, SAME padding: each channel of `x` with weights of its own.

        Parameters
        ----------
        name, x, bias, stride, relu
            As `conv` takes them.
        weights
            Shape (channels, 1, kernel), as torch's Conv1d keeps them where groups are as many as channels.
        """
        options = schema.DepthwiseConv2DOptionsT()
        options.fusedActivationFunction = _RELU if relu else _NONE
        options.padding, options.strideH, options.strideW = _SAME, 1, stride
        options.dilationHFactor = options.dilationWFactor = options.depthMultiplier = 1
        kernel = np.ascontiguousarray(weights.transpose(1, 2, 0))[None]
        inputs = [x, self._constant(f"{name}/w", kernel), self._constant(f"{name}/b", bias)]
        n, height, width, channels = x.shape
        return self._operator("DEPTHWISE_CONV_2D", name, inputs, (n, height, -(-width // stride), channels), options)

    def fully_connected(
        self, name: str, x: Tensor, weights: NDArray[np.float32], bias: NDArray[np.float32], *, relu: bool = False
    ) -> Tensor:
        """FULLY_CONNECTED over the last axis of (n, channels), rectified where `relu` says so; weights (out, in)."""
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = _RELU if relu else _NONE
        inputs = [x, self._constant(f"{name}/w", weights), self._constant(f"{name}/b", bias)]
        shape = (*x.shape[:-1], weights.shape[0])
        return self._operator("FULLY_CONNECTED", name, inputs, shape, options)

    def logistic(self, name: str, x: Tensor) -> Tensor:
        """LOGISTIC."""
        return self._operator("LOGISTIC", name, [x], x.shape)

    def mul(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """MUL; `y` may have width 1, and is then spread along `x`."""
        return self._operator("MUL", name, [x, y], x.shape, schema.MulOptionsT())

    def scale(self, name: str, x: Tensor, factors: NDArray[np.float32]) -> Tensor:
        """MUL by constants, shape (channels,): one factor for each channel."""
        inputs = [x, self._constant(f"{name}/factors", factors)]
        return self._operator("MUL", name, inputs, x.shape, schema.MulOptionsT())

    def add(self, name: str, x: Tensor, y: Tensor, *, relu: bool = False) -> Tensor:
        """ADD of equal shapes, the sum rectified by the same kernel where `relu` says so."""
        options = schema.AddOptionsT()
        options.fusedActivationFunction = _RELU if relu else _NONE
        return self._operator("ADD", name, [x, y], x.shape, options)

    def mean_over_time(self, name: str, x: Tensor, *, keep_dims: bool) -> Tensor:
        """MEAN over height and width."""
        options = schema.ReducerOptionsT()
        options.keepDims = keep_dims
        n, _, _, channels = x.shape
        shape = (n, 1, 1, channels) if keep_dims else (n, channels)
        axes = self._constant(f"{name}/axes", np.array([1, 2], np.int32))
        return self._operator("MEAN", name, [x, axes], shape, options)

    def pad(self, name: str, x: Tensor, *, width_after: int = 0, channels: tuple[int, int] = (0, 0)) -> Tensor:
        """PAD with zeros: after the end of the width, and before and after the channels."""
        amounts = np.array([[0, 0], [0, 0], [0, width_after], channels], np.int32)
        shape = tuple(size + before + after for size, (before, after) in zip(x.shape, amounts.tolist(), strict=True))
        return self._operator("PAD", name, [x, self._constant(f"{name}/amounts", amounts)], shape, schema.PadOptionsT())

    def max_pool(self, name: str, x: Tensor, size: int) -> Tensor:
        """MAX_POOL_2D along the width, VALID, stride equal to `size`."""
        options = schema.Pool2DOptionsT()
        options.padding, options.strideH, options.strideW = _VALID, 1, size
        options.filterHeight, options.filterWidth = 1, size
        n, height, width, channels = x.shape
        return self._operator("MAX_POOL_2D", name, [x], (n, height, width // size, channels), options)

    def split(self, name: str, x: Tensor, n_parts: int) -> list[Tensor]:
        """SPLIT of the channels into equal parts, named ``{name}/0`` onwards."""
        options = schema.SplitOptionsT()
        options.numSplits = n_parts
        axis = self._constant(f"{name}/axis", np.array(len(x.shape) - 1, np.int32))
        shape = (*x.shape[:-1], x.shape[-1] // n_parts)
        parts = [self._tensor(f"{name}/{i}", shape, np.dtype(np.float32)) for i in range(n_parts)]
        self._append("SPLIT", [axis, x], parts, options)
        return parts

    def concatenation(self, name: str, parts: list[Tensor]) -> Tensor:
        """CONCATENATION of the channels."""
        options = schema.ConcatenationOptionsT()
        options.axis = len(parts[0].shape) - 1
        shape = (*parts[0].shape[:-1], sum(part.shape[-1] for part in parts))
        return self._operator("CONCATENATION", name, parts, shape, options)

    def to_bytes(self, x: Tensor, y: Tensor) -> bytes:
        """Finish the graph with input `x` and output `y`, and return the flatbuffer."""
        self._graph.inputs, self._graph.outputs = [x.index], [y.index]
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs = [self._named(x)]
        signature.outputs = [self._named(y)]
        self._model.signatureDefs = [signature]
        # Large enough from the start: a builder that grows holds the weights three times over.
        weights = sum(buffer.data.size for buffer in self._model.buffers if buffer.data is not None)
        builder = flatbuffers.Builder(weights + (1 << 20))
        builder.Finish(self._model.Pack(builder), _FILE_IDENTIFIER)
        return bytes(memoryview(builder.Bytes)[builder.Head() :])

    def _named(self, tensor: Tensor) -> Any:
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = self._graph.tensors[tensor.index].name, tensor.index
        return entry

    def _tensor(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], buffer: int = 0) -> Tensor:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), _TENSOR_TYPE[dtype]
        tensor.buffer, tensor.hasRank = buffer, True
        self._graph.tensors.append(tensor)
        return Tensor(len(self._graph.tensors) - 1, shape)

    def _constant(self, name: str, values: NDArray[Any]) -> Tensor:
        buffer = schema.BufferT()
        buffer.data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._model.buffers.append(buffer)
        return self._tensor(name, values.shape, values.dtype, len(self._model.buffers) - 1)

    def _operator(
        self, kind: str, name: str, inputs: list[Tensor], shape: tuple[int, ...], options: Any = None
    ) -> Tensor:
        output = self._tensor(name, shape, np.dtype(np.float32))
        self._append(kind, inputs, [output], options)
        return output

    def _append(self, kind: str, inputs: list[Tensor], outputs: list[Tensor], options: Any) -> None:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, kind))
        operator.inputs = [tensor.index for tensor in inputs]
        operator.outputs = [tensor.index for tensor in outputs]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._graph.operators.append(operator)

    def _code(self, builtin: int) -> int:
        if builtin not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = builtin
            code.version = 1
            self._model.operatorCodes.append(code)
            self._codes[builtin] = len(self._model.operatorCodes) - 1
        return self._codes[builtin]
