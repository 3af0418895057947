"""Operators that play the same role at the same place of the time axis: what is decided together."""

from collections import defaultdict
from typing import Final, TypeAlias

from converter.operators import Operator, OperatorGraph

Unit: TypeAlias = tuple[int, ...]
"""Numbers of operators."""

CARRIERS: Final = frozenset({"PAD", "MAX_POOL_2D", "RESHAPE", "SPLIT"})
"""Operators that hand values on: rounded before, they need no rounding of their own."""
_ELEMENTWISE: Final = frozenset({"LOGISTIC", "MUL"})
"""What an activation function is made of, beside the product with its own argument."""


def find_units(graph: OperatorGraph) -> tuple[Unit, ...]:
    """Group operators by what they are, what they read from and what reads them, and by the width of their output.

    An activation function of several operators is one unit, such as the product of x and a logistic function of x or of
    a multiple of x. Operators that hand values on belong to none: they follow what they read.
    """
    leaders = _leaders(graph)
    units: defaultdict[object, list[int]] = defaultdict(list)
    for number, operator in enumerate(graph.operators):
        if operator.kind not in CARRIERS:
            leader = leaders.get(number, number)
            units[_role(graph, leader), _width(graph, leader)].append(number)
    return tuple(tuple(numbers) for numbers in units.values())


def neighbours(graph: OperatorGraph, units: tuple[Unit, ...]) -> tuple[tuple[int, int], ...]:
    """Pairs of units one of which reads what the other writes, as indices into `units`."""
    unit_of = {number: i for i, unit in enumerate(units) for number in unit}
    pairs = set()
    for number, i in unit_of.items():
        for tensor in graph.operators[number].inputs:
            writer = _source(graph, tensor)
            j = unit_of.get(writer, i) if writer is not None else i
            if i != j:
                pairs.add((min(i, j), max(i, j)))
    return tuple(sorted(pairs))


def _source(graph: OperatorGraph, tensor: int) -> int | None:
    """Operator whose values a tensor carries."""
    writer = graph.writer.get(tensor)
    while writer is not None and graph.operators[writer].kind in CARRIERS:
        writer = graph.writer.get(graph.operators[writer].inputs[0])
    return writer


def _leaders(graph: OperatorGraph) -> dict[int, int]:
    """Operators that others stand for: f(x) * x is decided where f(x) is multiplied."""
    return {
        follower: number
        for number, operator in enumerate(graph.operators)
        for tensor in operator.inputs
        for follower in _steps_between(graph, operator.inputs, tensor)
    }


def _steps_between(graph: OperatorGraph, arguments: tuple[int, ...], tensor: int) -> tuple[int, ...]:
    """Operators by which a tensor is computed from one of the arguments, value by value and for one reader; or none."""
    steps: tuple[int, ...] = ()
    while len(graph.readers[tensor]) == 1:
        writer = graph.writer.get(tensor)
        if writer is None or not _is_function_of_one(graph.operators[writer]):
            break
        steps, (tensor,) = (writer, *steps), graph.operators[writer].inputs
        if tensor in arguments:
            return steps
    return ()


def _is_function_of_one(operator: Operator) -> bool:
    return operator.kind in _ELEMENTWISE and len(operator.inputs) == 1


def _role(graph: OperatorGraph, number: int) -> object:
    operator = graph.operators[number]
    written_by = tuple(_kind_of_writer(graph, tensor) for tensor in operator.inputs)
    read_by = tuple(sorted({graph.operators[reader].kind for reader in graph.readers.get(operator.output, ())}))
    taps = operator.constants[0].shape[2] if operator.kind == "CONV_2D" else 0
    return operator.kind, taps, written_by, read_by


def _kind_of_writer(graph: OperatorGraph, tensor: int) -> str:
    writer = graph.writer.get(tensor)
    return graph.operators[writer].kind if writer is not None else ""


def _width(graph: OperatorGraph, number: int) -> int:
    shape = graph.shapes[graph.operators[number].output]
    return shape[-2] if len(shape) > 2 else 0  # noqa: PLR2004 - (n, height, width, channels)
