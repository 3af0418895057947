"""From an int8 TFLite flatbuffer to a `Network`, or an error that names the operator, the tensor and what to change.

The schema is TensorFlow's ``schema.fbs``, as `ai_edge_litert` carries it.
"""

from dataclasses import dataclass
from math import prod
from typing import Any, Final, NoReturn

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from converter.patch.consistency import inconsistent
from converter.patch.errors import ExportError, ExportFault
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
)
from converter.patch.numerics import HIGHEST, LOWEST, sum_rescales
from edge.quant import Quantisation

_KIND: Final = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_TYPE: Final = {code: name for name, code in vars(schema.TensorType).items() if not name.startswith("_")}
_NUMPY: Final = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}
_ACTIVATION: Final = {
    schema.ActivationFunctionType.NONE: Activation.NONE,
    schema.ActivationFunctionType.RELU: Activation.RELU,
    schema.ActivationFunctionType.RELU6: Activation.RELU6,
}
_LOGISTIC_OUTPUT: Final = Quantisation(1 / 256, -128)
_MOST_ROWS: Final = 0xFFFF
_MOST_TAPS: Final = 0xFF
SUPPORTED: Final = (
    "ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "PAD",
    "RESHAPE",
)  # fmt: skip
"""TFLite's names of the operators that become C."""


def read_network(model: bytes) -> Network:
    """Read an int8 network.

    Parameters
    ----------
    model
        A TFLite flatbuffer; what follows it is ignored.

    Returns
    -------
    Network
        Its constants are views into `model`.

    Raises
    ------
    ExportError
        If it is no TFLite model, has more than one input, output or subgraph, or an operator, shape or dtype that
        cannot become C.
    """
    root = _parsed(model)
    try:
        return _Reader(root, model).network()
    except ExportError:
        raise
    except Exception as error:  # a damaged model may lack anything: tensors, options, bytes
        raise _damaged() from error


def operator_names(model: bytes) -> tuple[str, ...]:
    """Return TFLite's names of the operators a model uses, sorted."""
    root = _parsed(model)
    return tuple(sorted({_kind(root, operator) for operator in root.subgraphs[0].operators}))


def tensor_count(model: bytes) -> int:
    """Return how many tensors a model has, constants included."""
    return len(_parsed(model).subgraphs[0].tensors)


def _parsed(model: bytes) -> Any:
    if model[4:8] != b"TFL3":
        raise ExportError(ExportFault.NOT_A_MODEL, "not a TFLite model", advice="give a pack or an int8 .tflite")
    try:
        return schema.ModelT.InitFromPackedBuf(model, 0)
    except Exception as error:  # the generated reader raises whatever broken offsets lead to
        raise _damaged() from error


def _damaged() -> ExportError:
    return ExportError(ExportFault.NOT_A_MODEL, "the TFLite model is damaged", advice="copy or make it again")


def _kind(root: Any, operator: Any) -> str:
    code = root.operatorCodes[operator.opcodeIndex]
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _KIND.get(builtin, f"operator {builtin}") if code.customCode is None else code.customCode.decode()


@dataclass(slots=True)
class _At:
    """The operator being read, for errors."""

    kind: str
    output: str

    def refuse(self, fault: ExportFault, what: str, advice: str) -> NoReturn:
        raise ExportError(fault, f"{self.kind} that writes {self.output!r}: {what}", advice=advice)

    def refuse_shape(self, what: str, advice: str) -> NoReturn:
        self.refuse(ExportFault.UNSUPPORTED_SHAPE, what, advice)


class _Reader:
    """Walks the operators; `_activations` grows with every tensor met."""

    def __init__(self, root: Any, model: bytes) -> None:
        if len(root.subgraphs) != 1:
            _refuse(f"{len(root.subgraphs)} subgraphs", "make a model with one, without control flow")
        self._root, self._graph, self._model = root, root.subgraphs[0], model
        self._activations: dict[int, Tensor] = {}

    def network(self) -> Network:
        graph = self._graph
        for name, ends in (("inputs", graph.inputs), ("outputs", graph.outputs)):
            if len(ends) != 1:
                _refuse(f"{len(ends)} {name}", f"make a model with one of its {name}")
        source, result = int(graph.inputs[0]), int(graph.outputs[0])
        self._tensor(source, _At("the model", "its input"))
        operators = tuple(self._operator(operator) for operator in graph.operators)
        if result not in self._activations:
            _refuse("an output that no operator writes", "make the model again")
        network = Network(self._activations, operators, source, result)
        if (found := inconsistent(network)) is not None:
            kind, written = type(found[0]).__name__, self._activations[found[0].y].name
            _At(kind, written).refuse_shape(found[1], "make the model again")
        return network

    def _operator(self, operator: Any) -> Operator:
        kind, y, options = _kind(self._root, operator), int(operator.outputs[0]), operator.builtinOptions
        at, inputs = _At(kind, _name(self._graph.tensors[y])), [int(i) for i in operator.inputs]
        self._begin(kind, inputs, y, at)
        x = inputs[0]
        match kind:
            case "RESHAPE":
                return Reshape(self._variable(x, at), y)
            case "LOGISTIC":
                return self._logistic(x, y, at)
            case "MEAN":
                return self._mean(inputs, y, at)
            case "PAD":
                return self._pad(inputs, y, at)
            case "ADD" | "MUL":
                return self._pair(kind, inputs, y, at, _activation(options, at))
            case "MAX_POOL_2D":
                rows = self._rows(x, y, options, (options.filterHeight, options.filterWidth), at)
                if self._of(x).quantisation != self._of(y).quantisation:
                    at.refuse(ExportFault.UNSUPPORTED_SCALE, "it changes the scale", "quantise it with equal scales")
                return MaxPool(self._variable(x, at), y, rows, _activation(options, at))
            case "FULLY_CONNECTED":
                return self._dense(inputs, y, at, _activation(options, at))
            case _:
                return self._convolution(kind, inputs, y, options, at)

    def _begin(self, kind: str, inputs: list[int], y: int, at: _At) -> None:
        """Refuse an operator that is not known, or writes over something; else its output is known from here on."""
        if kind not in SUPPORTED:
            at.refuse(
                ExportFault.UNSUPPORTED_OPERATOR,
                "no C is made of this operator",
                f"train a network of {', '.join(SUPPORTED)}",
            )
        if y in self._activations or y in inputs or self._is_constant(y):
            at.refuse_shape("it writes what is there already", "make the model again")
        self._tensor(y, at)

    def _logistic(self, x: int, y: int, at: _At) -> Logistic:
        if self._of(y).quantisation != _LOGISTIC_OUTPUT:
            at.refuse(ExportFault.UNSUPPORTED_SCALE, "it is not scaled by 1/256", "quantise it again")
        return Logistic(self._variable(x, at), y)

    def _convolution(self, kind: str, inputs: list[int], y: int, options: Any, at: _At) -> Conv | Depthwise:
        x, values = self._variable(inputs[0], at), self._constant(inputs[1], np.int8, "weights", at)
        if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            at.refuse_shape("it is dilated", "use dilation 1")
        rows = self._rows(x, y, options, values.shape[1:3], at)
        taken, given = self._of(x).channels, self._of(y).channels
        weights = self._weights(inputs, 3 if kind == "DEPTHWISE_CONV_2D" else 0, given, at)
        if kind == "DEPTHWISE_CONV_2D":
            if options.depthMultiplier != 1 or taken != given:
                at.refuse_shape(f"depth multiplier {given // taken}", "use depth multiplier 1")
            return Depthwise(x, y, _with(weights, values[0, 0]), rows, _activation(options, at))
        per_group = values.shape[3]
        if taken % per_group or given % (taken // per_group):
            at.refuse_shape(f"{taken} channels in groups of {per_group} to {given}", "let the groups divide both")
        return Conv(x, y, _with(weights, values[:, 0]), rows, _activation(options, at))

    def _dense(self, inputs: list[int], y: int, at: _At, activation: Activation) -> Dense:
        x, values = self._variable(inputs[0], at), self._constant(inputs[1], np.int8, "weights", at)
        out, taken = values.shape
        if self._of(x).size_bytes != taken * self._of(y).width or self._of(y).channels != out:
            at.refuse_shape("its shapes do not go together", "make the model again")
        if self._of(x).channels != taken:
            at.refuse_shape("it reads several rows as one", "put a RESHAPE to (1, features) before it")
        return Dense(x, y, _with(self._weights(inputs, 0, out, at), values), activation)

    def _weights(self, inputs: list[int], axis: int, out: int, at: _At) -> Weights:
        """Read scales and bias; the values follow, in the shape the kernel wants."""
        quantisation = self._graph.tensors[inputs[1]].quantization
        scales = np.asarray(quantisation.scale, np.float32)
        if np.any(np.asarray(quantisation.zeroPoint)):
            at.refuse(ExportFault.UNSUPPORTED_SCALE, "weights with a zero point", "quantise weights symmetrically")
        if len(scales) > 1 and (quantisation.quantizedDimension != axis or len(scales) != out):
            at.refuse(ExportFault.UNSUPPORTED_SCALE, "weights scaled along another axis", "scale them by output")
        if not np.all(np.isfinite(scales) & (scales > 0)):
            at.refuse(ExportFault.UNSUPPORTED_SCALE, "a weight scale that is not positive", "calibrate it again")
        has_bias = len(inputs) > 2 and inputs[2] >= 0  # noqa: PLR2004 - input, weights, bias
        bias = self._constant(inputs[2], np.int32, "bias", at) if has_bias else np.zeros(out, np.int32)
        return Weights(np.zeros(0, np.int8), scales, bias.reshape(-1))

    def _pair(self, kind: str, inputs: list[int], y: int, at: _At, activation: Activation) -> Operator:
        if kind == "MUL" and any(self._is_constant(i) for i in inputs):
            x, factors = inputs if self._is_constant(inputs[1]) else inputs[::-1]
            channels = self._of(self._variable(x, at)).channels
            values = self._constant(factors, np.int8, "factors", at)
            if values.size not in {1, channels} or self._of(x).shape != self._of(y).shape:
                at.refuse_shape(f"constants of shape {values.shape}", "multiply by one constant a channel")
            quantisation = self._quantisation(self._graph.tensors[factors], at)
            return Scale(x, y, np.broadcast_to(values.reshape(-1), (channels,)), quantisation, activation)
        a, b = (self._variable(i, at) for i in inputs)
        shape_a, shape_b, shape_y = (self._of(i).shape for i in (a, b, y))
        if kind == "ADD":
            if not shape_a == shape_b == shape_y:
                at.refuse_shape(f"shapes {shape_a} and {shape_b}", "add equal shapes")
            if sum_rescales(*(self._of(i).quantisation for i in (a, b, y))).total.shift > 0:
                at.refuse(ExportFault.UNSUPPORTED_SCALE, "its scale is far below its inputs'", "calibrate it again")
            return Add(a, b, y, activation)
        if shape_a != shape_y:
            a, b, shape_a, shape_b = b, a, shape_b, shape_a
        row = (*(1 for _ in shape_a[:-1]), shape_a[-1])
        if shape_a != shape_y or shape_b not in {shape_a, row}:
            at.refuse_shape(f"shapes {shape_a} and {shape_b}", "multiply equal shapes, or by one row of all channels")
        return Mul(a, b, y, activation)

    def _mean(self, inputs: list[int], y: int, at: _At) -> Mean:
        x = self._of(self._variable(inputs[0], at))
        axes = {int(axis) % len(x.shape) for axis in self._constant(inputs[1], np.int32, "axes", at).reshape(-1)}
        rows = {axis for axis in range(len(x.shape) - 1) if x.shape[axis] != 1}
        if not rows <= axes <= set(range(len(x.shape) - 1)):
            at.refuse_shape(f"over axes {sorted(axes)} of {x.shape}", "take the mean over height and width")
        return Mean(inputs[0], y)

    def _pad(self, inputs: list[int], y: int, at: _At) -> Pad:
        x, amounts = self._of(self._variable(inputs[0], at)), self._constant(inputs[1], np.int32, "amounts", at)
        if x.quantisation != self._of(y).quantisation:
            at.refuse(ExportFault.UNSUPPORTED_SCALE, "it changes the scale", "quantise it with equal scales")
        *outer, rows, channels = [(int(before), int(after)) for before, after in amounts]
        if any(amount != (0, 0) for amount in outer) or min(*rows, *channels) < 0:
            at.refuse_shape(f"amounts {amounts.tolist()}", "pad width and channels only")
        return Pad(inputs[0], y, rows, channels)

    def _rows(self, x: int, y: int, options: Any, kernel: Any, at: _At) -> Rows:
        height, size = (int(i) for i in kernel)
        width, given = self._of(x).width, self._of(y).width
        if height != 1 or options.strideH != 1:
            at.refuse_shape(f"a kernel {height} high", "let it run along the width only")
        if not (1 <= size <= _MOST_TAPS and 1 <= options.strideW <= _MOST_TAPS):
            at.refuse_shape(f"kernel {size}, stride {options.strideW}", f"keep both from 1 to {_MOST_TAPS}")
        if options.padding == schema.Padding.VALID:
            before = after = 0
            expected = (width - size) // options.strideW + 1
        else:
            expected = -(-width // options.strideW)
            total = max((expected - 1) * options.strideW + size - width, 0)
            before, after = total // 2, total - total // 2
        if given != expected:
            at.refuse_shape(f"{width} rows to {given}, not {expected}", "make the model again")
        return Rows(size, options.strideW, before, after)

    def _variable(self, index: int, at: _At) -> int:
        if index not in self._activations:
            what = "a constant" if self._is_constant(index) else "a tensor that nothing has written"
            at.refuse_shape(f"it reads {_name(self._graph.tensors[index])!r}, {what}", "give it the output of a layer")
        return index

    def _of(self, index: int) -> Tensor:
        return self._activations[index]

    def _tensor(self, index: int, at: _At) -> None:
        tensor = self._graph.tensors[index]
        shape = tuple(int(size) for size in tensor.shape) if tensor.shape is not None else ()
        if tensor.type != schema.TensorType.INT8:
            at.refuse(
                ExportFault.NOT_INT8,
                f"tensor {_name(tensor)!r} is {_TYPE[tensor.type].lower()}",
                "convert with --mode full, which makes every tensor int8",
            )
        if not shape or prod(shape[:-2]) != 1 or min(shape) < 1:
            at.refuse_shape(
                f"shape {shape} of {_name(tensor)!r}", "keep batch and height at 1, and time along the width"
            )
        if max(prod(shape[:-1]), shape[-1]) > _MOST_ROWS:
            at.refuse_shape(f"shape {shape} of {_name(tensor)!r}", f"keep width and channels under {_MOST_ROWS + 1}")
        self._activations[index] = Tensor(_name(tensor), shape, self._quantisation(tensor, at))

    def _quantisation(self, tensor: Any, at: _At) -> Quantisation:
        stated = tensor.quantization
        if stated is None or stated.scale is None or len(stated.scale) != 1:
            at.refuse(ExportFault.UNSUPPORTED_SCALE, f"no single scale of {_name(tensor)!r}", "quantise it per tensor")
        if not LOWEST <= (zero := int(stated.zeroPoint[0])) <= HIGHEST:
            at.refuse(ExportFault.UNSUPPORTED_SCALE, f"zero point {zero} of {_name(tensor)!r}", "make the model again")
        try:
            return Quantisation(float(stated.scale[0]), zero)
        except ValueError as error:
            at.refuse(ExportFault.UNSUPPORTED_SCALE, f"{_name(tensor)!r} has {error}", "calibrate with a signal")

    def _is_constant(self, index: int) -> bool:
        buffer = self._root.buffers[self._graph.tensors[index].buffer]
        return buffer.offset > 1 or (buffer.data is not None and len(buffer.data) > 0)

    def _data(self, index: int) -> bytes:
        """Bytes of a constant; a large model has them behind its flatbuffer. Empty of what changes."""
        buffer = self._root.buffers[self._graph.tensors[index].buffer]
        if buffer.offset > 1:
            return self._model[buffer.offset : buffer.offset + buffer.size]
        return b"" if buffer.data is None else np.asarray(buffer.data, np.uint8).tobytes()

    def _constant(self, index: int, dtype: type, what: str, at: _At) -> NDArray[Any]:
        tensor = self._graph.tensors[index]
        if not self._is_constant(index):
            at.refuse_shape(f"its {what} are not constant", "make them constants of the model")
        if _NUMPY.get(tensor.type) is not dtype:
            at.refuse(
                ExportFault.NOT_INT8,
                f"its {what} are {_TYPE[tensor.type].lower()}",
                "convert with --mode full, which makes every tensor int8",
            )
        shape = () if tensor.shape is None else tuple(int(size) for size in tensor.shape)
        return np.frombuffer(self._data(index), dtype).reshape(shape)


def _with(weights: Weights, values: NDArray[np.int8]) -> Weights:
    return Weights(values, weights.scales, weights.bias)


def _activation(options: Any, at: _At) -> Activation:
    fused = options.fusedActivationFunction
    if fused not in _ACTIVATION:
        at.refuse(ExportFault.UNSUPPORTED_OPERATOR, f"fused activation {fused}", "use none, RELU or RELU6")
    return _ACTIVATION[fused]


def _name(tensor: Any) -> str:
    return tensor.name.decode(errors="replace") if tensor.name else "unnamed"


def _refuse(what: str, advice: str) -> NoReturn:
    raise ExportError(ExportFault.UNSUPPORTED_SHAPE, f"the model has {what}", advice=advice)
