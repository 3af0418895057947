"""How far the outputs move when a tensor is rounded, to first order: one backward pass a window.

Rounding a tensor to steps of size d adds noise of variance d^2/12 to each of its values. What that does to the outputs
is the derivative of the outputs with respect to the values, squared and summed. Where a tensor has several readers,
some of which take it rounded and others not, only those readers' part of the derivative counts: so the products of
the readers' derivatives are kept, from which any choice of readers follows.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.activations import ActivationReader, Ranges
from converter.operators import OperatorGraph
from converter.sensitivity.gradient import input_gradients

FEWEST_PROBES: Final = 12
"""Windows that are enough: the sum over tensors, and over windows, hardly varies from one dozen to another."""
_STEPS: Final = 255
_VARIANCE: Final = 1 / 12
"""Of a rounding error, in squared steps."""
_LOGISTIC_STEP: Final = 1 / 256
"""int8 logistic functions have this step on every runtime, whatever the range."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """What rounding each tensor does to the outputs, each output in units of its own spread over windows.

    Parameters
    ----------
    gram
        By tensor, shape (n_readers, n_readers): mean over windows of the inner products of the readers' derivatives
        of a random signed sum of all outputs, each divided by its standard deviation.
    static_variance, dynamic_variance
        By tensor: variance of the rounding error with the calibrated range, and with the range of each window.
    n_outputs
        Outputs summed.
    """

    gram: dict[int, NDArray[np.float64]]
    static_variance: dict[int, float]
    dynamic_variance: dict[int, float]
    n_outputs: int


def measure_sensitivity(
    model: bytes, graph: OperatorGraph, ranges: Ranges, inputs: NDArray[np.float32], *, seed: int = 0
) -> Sensitivity:
    """Measure on some windows.

    Parameters
    ----------
    model, graph
        As `converter.activations.ActivationReader` takes them.
    ranges
        Of the calibration.
    inputs
        Preprocessed windows, shape (n, window_samples); a dozen is enough.
    seed
        Of the signs with which the outputs are summed.
    """
    reader, random = ActivationReader(model, graph), np.random.default_rng(seed)
    spread = np.maximum(ranges.logits.std(axis=0), np.finfo(np.float32).tiny)
    gram: dict[int, NDArray[np.float64]] = {}
    dynamic = dict.fromkeys(graph.activations, 0.0)
    for x in inputs:
        values = reader.read(x)
        signs = random.choice((-1.0, 1.0), size=spread.shape) / spread
        for tensor, products in _products(graph, values, signs[None].astype(np.float32)):
            gram[tensor] = gram.get(tensor, 0.0) + products / len(inputs)
        for tensor, value in values.items():
            step = (max(0.0, float(value.max())) - min(0.0, float(value.min()))) / _STEPS
            dynamic[tensor] += _VARIANCE * step**2 / len(inputs)
    static = {tensor: _VARIANCE * _step(graph, ranges, tensor) ** 2 for tensor in graph.activations}
    return Sensitivity(gram, static, dynamic, spread.size)


def _step(graph: OperatorGraph, ranges: Ranges, tensor: int) -> float:
    writer = graph.writer.get(tensor)
    if writer is not None and graph.operators[writer].kind == "LOGISTIC":
        return _LOGISTIC_STEP
    return (max(0.0, ranges.highest[tensor]) - min(0.0, ranges.lowest[tensor])) / _STEPS


def _products(
    graph: OperatorGraph, values: dict[int, NDArray[np.float32]], gradient: NDArray[np.float32]
) -> list[tuple[int, NDArray[np.float64]]]:
    """Inner products of the derivatives with respect to each tensor through each of its readers."""
    through: defaultdict[int, list[NDArray[np.float32]]] = defaultdict(list)
    through[graph.output].append(gradient)
    products = []
    for operator in reversed(graph.operators):
        parts = through.pop(operator.output)
        products.append((operator.output, _inner(parts)))
        whole = sum(parts[1:], parts[0])
        for tensor, part in zip(operator.inputs, input_gradients(operator, values, whole), strict=True):
            through[tensor].insert(0, part)  # last reader first
    products.append((graph.input, _inner(through[graph.input])))
    return products


def _inner(parts: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    flat = [np.ascontiguousarray(part).ravel() for part in parts]
    return np.array([[float(a @ b) for b in flat] for a in flat])
