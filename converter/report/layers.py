"""Where along the network the error is born and how it grows: both graphs run, compared tensor by tensor."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.activations import ActivationReader, with_all_tensors
from converter.operators import Operator, OperatorGraph, read_operators

_WEIGHTED: Final = frozenset({"CONV_2D", "FULLY_CONNECTED"})
_INT8_LOWEST, _INT8_HIGHEST = -128, 127


@dataclass(frozen=True, slots=True)
class LayerError:
    """How far what an operator writes is from the float model's, over some windows.

    Parameters
    ----------
    name, kind
        Of the tensor it writes, and by the schema's name.
    arithmetic
        ``float``, ``dynamic`` (int8 weights on float values) or ``int8``.
    rms_value, rms_error, max_abs_error
        Of the float model's values, and of the difference, in the tensor's own unit.
    sqnr_db
        Their ratio, dB: infinite where there is no error.
    lost_db
        What the worst of the operator's inputs had more of it: the error that is born or amplified here. Negative
        where the error shrinks; infinite where it begins.
    clipped
        Part of the float model's values, 0 to 1, that lie outside what the int8 tensor can hold.
    """

    name: str
    kind: str
    arithmetic: str
    rms_value: float
    rms_error: float
    max_abs_error: float
    sqnr_db: float
    lost_db: float
    clipped: float


def layer_errors(float_model: bytes, model: bytes, inputs: NDArray[np.float32]) -> tuple[LayerError, ...]:
    """Run windows through a float graph and a conversion of it.

    Both run on LiteRT's own kernels, since its delegate gives no tensors from within: int8 values may differ by a step
    from those of a device. Errors accumulate: a tensor's error is that of all before it and of its own rounding.

    Parameters
    ----------
    float_model
        A TFLite flatbuffer as `converter.graph.Graph` writes it.
    model
        The same graph, quantised: tensors are found by name.
    inputs
        Preprocessed windows, shape (n, window_samples), n >= 1; a handful is enough.

    Returns
    -------
    tuple of LayerError
        One a tensor that operators of both graphs write, in the order in which they run.
    """
    graph = read_operators(float_model)
    reference, converted = ActivationReader(float_model, graph), _ConvertedReader(model, graph)
    sums = {tensor: np.zeros(3) for tensor in graph.activations if graph.names[tensor] in converted}
    largest = dict.fromkeys(sums, 0.0)
    for x in inputs:
        reference.run(x)
        converted.run(x)
        for tensor, total in sums.items():
            value = reference.value(tensor).astype(np.float64)
            error = converted.value(graph.names[tensor]) - value
            clipped = converted.clipped(graph.names[tensor], value)
            sums[tensor] = total + np.array([np.mean(value**2), np.mean(error**2), clipped])
            largest[tensor] = max(largest[tensor], float(np.abs(error).max()))
    power = {tensor: total / len(inputs) for tensor, total in sums.items()}
    sqnr = {tensor: _sqnr_db(signal, noise) for tensor, (signal, noise, _) in power.items()}
    return tuple(
        LayerError(
            name=graph.names[tensor],
            kind=operator.kind,
            arithmetic=converted.arithmetic(graph.names[tensor]),
            rms_value=math.sqrt(power[tensor][0]),
            rms_error=math.sqrt(power[tensor][1]),
            max_abs_error=largest[tensor],
            sqnr_db=sqnr[tensor],
            lost_db=_lost_db(operator, tensor, sqnr),
            clipped=float(power[tensor][2]),
        )
        for operator in graph.operators
        for tensor in operator.outputs
        if tensor in power
    )


def _sqnr_db(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def _lost_db(operator: Operator, written: int, sqnr: Mapping[int, float]) -> float:
    before = min((sqnr[tensor] for tensor in operator.inputs if tensor in sqnr), default=math.inf)
    after = sqnr[written]
    return 0.0 if before == after else before - after


class _ConvertedReader:
    """A quantised graph's tensors by name, in the float graph's units.

    The quantiser keeps a tensor's name for what its operator writes; where a reader wants another type, it converts
    into a tensor with a longer name.
    """

    def __init__(self, model: bytes, graph: OperatorGraph) -> None:
        self._run = with_all_tensors(model)
        self._tensors: dict[str, dict[str, Any]] = {}
        by_index = {}
        for detail in self._run.get_tensor_details():
            by_index[detail["index"]] = detail
            self._tensors.setdefault(detail["name"], detail)
        wanted = {graph.names[tensor] for tensor in graph.activations}
        self._weights = {
            by_index[int(node["outputs"][0])]["name"]: by_index[int(node["inputs"][1])]["dtype"]
            for node in self._run._get_ops_details()  # noqa: SLF001 - no public call tells an operator's tensors
            if node["op_name"] in _WEIGHTED
        }
        self._tensors = {name: detail for name, detail in self._tensors.items() if name in wanted}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def run(self, x: NDArray[np.float32]) -> None:
        """Run one preprocessed window, shape (window_samples,)."""
        given = self._run.get_input_details()[0]
        x = x.reshape(given["shape"])
        if given["dtype"] is np.int8:
            scale, zero_point = given["quantization"]
            x = np.clip(np.rint(x / scale) + zero_point, _INT8_LOWEST, _INT8_HIGHEST).astype(np.int8)
        self._run.set_tensor(given["index"], x)
        self._run.invoke()

    def value(self, name: str) -> NDArray[np.float64]:
        """A tensor of the last window."""
        detail = self._tensors[name]
        value = self._run.get_tensor(detail["index"]).astype(np.float64)
        if detail["dtype"] is np.int8:
            scale, zero_point = detail["quantization"]
            value = (value - zero_point) * scale
        return value

    def clipped(self, name: str, value: NDArray[np.float64]) -> float:
        """Part of the values that a tensor cannot hold: more than half a step outside its range."""
        detail = self._tensors[name]
        if detail["dtype"] is not np.int8:
            return 0.0
        scale, zero_point = detail["quantization"]
        steps = value / scale + zero_point
        return float(np.mean((steps < _INT8_LOWEST - 0.5) | (steps > _INT8_HIGHEST + 0.5)))

    def arithmetic(self, name: str) -> str:
        """How the operator that writes a tensor computes."""
        if self._tensors[name]["dtype"] is np.int8:
            return "int8"
        return "dynamic" if self._weights.get(name) is np.int8 else "float"
