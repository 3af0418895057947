"""A float graph read back from its flatbuffer: operators, what they read and what they are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_KIND: Final = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_DTYPE: Final = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT32: np.int32}
_STRIDED: Final = {
    schema.BuiltinOptions.Conv2DOptions: schema.Conv2DOptions,
    schema.BuiltinOptions.DepthwiseConv2DOptions: schema.DepthwiseConv2DOptions,
    schema.BuiltinOptions.Pool2DOptions: schema.Pool2DOptions,
}


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One operator of a graph.

    Parameters
    ----------
    kind
        Its name in TensorFlow's ``schema.fbs``, such as ``CONV_2D``.
    inputs, outputs
        Tensors that change from window to window, by number.
    constants
        The others it reads (weights, bias, axes), in order; views into the flatbuffer.
    stride
        Along the width; 1 where the operator has none.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: tuple[NDArray[Any], ...]
    stride: int

    @property
    def output(self) -> int:
        """What it writes; the first part of what a SPLIT writes."""
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class OperatorGraph:
    """Operators in the order in which they run.

    Parameters
    ----------
    operators
        All of them.
    names, shapes
        Of every tensor, by number.
    input, output
        Numbers of the graph's own.
    """

    operators: tuple[Operator, ...]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    input: int
    output: int

    @cached_property
    def readers(self) -> dict[int, tuple[int, ...]]:
        """Which operators read a tensor: numbers of operators by number of tensor."""
        found: dict[int, list[int]] = {}
        for number, operator in enumerate(self.operators):
            for tensor in operator.inputs:
                found.setdefault(tensor, []).append(number)
        return {tensor: tuple(numbers) for tensor, numbers in found.items()}

    @cached_property
    def writer(self) -> dict[int, int]:
        """Which operator writes a tensor: number of operator by number of tensor."""
        return {tensor: number for number, operator in enumerate(self.operators) for tensor in operator.outputs}

    @property
    def activations(self) -> tuple[int, ...]:
        """Tensors that change from window to window, the input first."""
        return (self.input, *(tensor for operator in self.operators for tensor in operator.outputs))


def read_operators(model: bytes) -> OperatorGraph:
    """Read a float graph.

    Parameters
    ----------
    model
        A TFLite flatbuffer as `converter.graph.Graph` writes it. It must outlive what is returned.
    """
    root = schema.Model.GetRootAs(model)
    graph = root.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    constants = {i: values for i, tensor in enumerate(tensors) if (values := _constant(root, tensor)) is not None}
    return OperatorGraph(
        operators=tuple(_operators(root, graph, constants)),
        names=tuple(tensor.Name().decode() for tensor in tensors),
        shapes=tuple(tuple(tensor.ShapeAsNumpy().tolist()) for tensor in tensors),
        input=int(graph.Inputs(0)),
        output=int(graph.Outputs(0)),
    )


def _operators(root: Any, graph: Any, constants: dict[int, NDArray[Any]]) -> Iterator[Operator]:
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = root.OperatorCodes(operator.OpcodeIndex())
        read = operator.InputsAsNumpy().tolist()
        yield Operator(
            kind=_KIND[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())],
            inputs=tuple(tensor for tensor in read if tensor not in constants),
            outputs=tuple(operator.OutputsAsNumpy().tolist()),
            constants=tuple(constants[tensor] for tensor in read if tensor in constants),
            stride=_stride(operator),
        )


def _stride(operator: Any) -> int:
    options = _STRIDED.get(operator.BuiltinOptionsType())
    if options is None:
        return 1
    table, read = operator.BuiltinOptions(), options()
    read.Init(table.Bytes, table.Pos)
    return int(read.StrideW())


def _constant(root: Any, tensor: Any) -> NDArray[Any] | None:
    data = root.Buffers(tensor.Buffer()).DataAsNumpy()
    if isinstance(data, int):  # an empty buffer
        return None
    return data.view(_DTYPE[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
