"""Nodes and constants of an ONNX graph being written, known by name."""

from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET: Final = 17
_IR_VERSION: Final = 10


class OnnxNodes:
    """A graph that grows operator by operator."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operator; return its output's name, by default a new one."""
        output = output or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{len(self._nodes)}", **attributes))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant under its name, and return that."""
        self._constants[name] = numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def reshape(self, x: str, shape: tuple[int, ...], *, output: str = "") -> str:
        """Add a Reshape."""
        return self.op(
            "Reshape", x, self.constant(f"shape{len(self._nodes)}", np.array(shape, np.int64)), output=output
        )

    def to_bytes(self, name: str, in_shape: tuple[int, ...], out_shape: tuple[int, ...]) -> bytes:
        """Finish: input ``x`` and output ``logits``, float32."""
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, in_shape)
        y = helper.make_tensor_value_info("logits", TensorProto.FLOAT, out_shape)
        graph = helper.make_graph(self._nodes, name, [x], [y], list(self._constants.values()))
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
