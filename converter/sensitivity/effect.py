"""What a placement is predicted to cost and to lose, as a sum over tensors."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.operators import Operator, OperatorGraph
from converter.sensitivity.attribution import Sensitivity
from converter.sensitivity.units import CARRIERS


class Arithmetic(IntEnum):
    """How an operator computes, the most exact first."""

    FLOAT = 0
    """In float throughout."""
    DYNAMIC = 1
    """With int8 weights, on an input rounded to the range of each window, giving float."""
    INT8 = 2
    """On calibrated int8, giving int8."""


_DYNAMIC_KINDS: Final = frozenset({"CONV_2D"})
_WEIGHTED_KINDS: Final = frozenset({"CONV_2D", "FULLY_CONNECTED"})
_MOST_FLOAT_WEIGHTS: Final = 1 << 17
"""Layers with more weights than this are never left in float: reading them would cost what int8 saves."""

_PER_OUTPUT: Final[Mapping[tuple[str, bool], float]] = {
    ("LOGISTIC", True): 1.05,
    ("LOGISTIC", False): 2.6,
    ("MUL", True): 1.0,
    ("MUL", False): 1.05,
    ("ADD", True): 2.4,
    ("ADD", False): 2.4,
    ("MAX_POOL_2D", True): 2.9,
    ("MAX_POOL_2D", False): 10.4,
}
"""Time of an output value, by whether it is int8, in that of an int8 product of two activations: kernels of XNNPACK as
profiled on an x86-64 core with AVX-512. What is missing takes next to none."""
_PER_FLOAT_MAC: Final = 0.21
_PER_FLOAT_WEIGHT: Final = 2.0
_CONVERSION: Final[Mapping[tuple[bool, Arithmetic], float]] = {
    (True, Arithmetic.FLOAT): 1.15,
    (True, Arithmetic.DYNAMIC): 2.5,
    (False, Arithmetic.INT8): 0.9,
    (False, Arithmetic.DYNAMIC): 1.4,
}
"""Time of a converted value in the same unit, by whether it was written as int8 and by how it is read."""


def allowed(operator: Operator) -> frozenset[Arithmetic]:
    """Return the arithmetics an operator may have where speed is wanted."""
    if operator.kind not in _WEIGHTED_KINDS:
        return frozenset({Arithmetic.FLOAT, Arithmetic.INT8})
    small = operator.constants[0].size <= _MOST_FLOAT_WEIGHTS
    dynamic = operator.kind in _DYNAMIC_KINDS
    return frozenset(
        {Arithmetic.INT8}
        | ({Arithmetic.FLOAT} if small or not dynamic else set())
        | ({Arithmetic.DYNAMIC} if dynamic else set())
    )


class Effect:
    """Predicts squared noise and cost of placements.

    Parameters
    ----------
    graph
        The network.
    sensitivity
        Measured on it.
    """

    def __init__(self, graph: OperatorGraph, sensitivity: Sensitivity) -> None:
        self._graph, self._sensitivity = graph, sensitivity
        self._sums: dict[tuple[bool, int, tuple[bool, ...]], float] = {}

    def of_tensor(self, tensor: int, placement: Sequence[Arithmetic]) -> tuple[float, float]:
        """Return the squared noise that rounding a tensor adds to an output, and the time to write and convert it."""
        return self._noise(tensor, placement), self._cost(tensor, placement)

    def _noise(self, tensor: int, placement: Sequence[Arithmetic]) -> float:
        graph, measured = self._graph, self._sensitivity
        writer = graph.writer.get(tensor)
        readers = [placement[number] for number in graph.readers.get(tensor, ())] or [Arithmetic.FLOAT]
        noise = 0.0
        if tensor in measured.dynamic:
            noise += self._sum(measured.dynamic, tensor, tuple(reader is Arithmetic.DYNAMIC for reader in readers))
        if writer is None or placement[writer] is not Arithmetic.INT8:
            return noise + self._sum(measured.static, tensor, tuple(reader is Arithmetic.INT8 for reader in readers))
        if graph.operators[writer].kind in CARRIERS:
            return noise
        return noise + self._sum(measured.static, tensor, (True,) * len(readers))

    def _sum(self, measured: Mapping[int, NDArray[np.float64]], tensor: int, rounded: tuple[bool, ...]) -> float:
        """Squared error through some of a tensor's readers; kept, since it is asked for often."""
        key = (measured is self._sensitivity.dynamic, tensor, rounded)
        if key not in self._sums:
            chosen = np.array(rounded)
            self._sums[key] = float(measured[tensor][np.ix_(chosen, chosen)].sum())
        return self._sums[key]

    def _cost(self, tensor: int, placement: Sequence[Arithmetic]) -> float:
        graph = self._graph
        size, writer = float(np.prod(graph.shapes[tensor])), graph.writer.get(tensor)
        is_int8, cost = False, 0.0
        if writer is not None:
            operator, is_int8 = graph.operators[writer], placement[writer] is Arithmetic.INT8
            cost = size * _PER_OUTPUT.get((operator.kind, is_int8), 0.0)
            if operator.kind in _WEIGHTED_KINDS and placement[writer] is Arithmetic.FLOAT:
                weights = operator.constants[0]
                cost += _PER_FLOAT_WEIGHT * weights.size + _PER_FLOAT_MAC * size * weights[0].size
        ways = {placement[number] for number in graph.readers.get(tensor, ())}
        return cost + size * sum(_CONVERSION.get((is_int8, way), 0.0) for way in ways)
