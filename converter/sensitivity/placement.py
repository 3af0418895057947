"""From the most exact placement of int8 kernels to the cheapest, step by step, at the least loss for the time saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from converter.operators import OperatorGraph
from converter.sensitivity.attribution import Sensitivity
from converter.sensitivity.effect import Arithmetic, Effect, allowed
from converter.sensitivity.units import CARRIERS, Unit, find_units, neighbours

SMALL_NOISE: Final = 0.01
"""In standard deviations of an output: the order of windows hardly changes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A placement on the way from the most exact to the cheapest.

    Parameters
    ----------
    noise
        Predicted rounding error of an output, root mean square, in standard deviations of that output.
    cost
        Predicted time beside the int8 kernels of the weighted layers, relative to that of calibrated int8 throughout.
    placement
        The arithmetic of each operator, in the graph's order.
    """

    noise: float
    cost: float
    placement: tuple[Arithmetic, ...]


def frontier(graph: OperatorGraph, sensitivity: Sensitivity) -> tuple[Step, ...]:
    """Walk from int8 weights in float surroundings towards int8 throughout; the cost falls from step to step.

    Each step makes those operators int8 that add the least squared noise for the time they save.

    Parameters
    ----------
    graph
        The network.
    sensitivity
        Measured on it.
    """
    return tuple(_Walk(graph, sensitivity).steps())


def cheapest_within(steps: Sequence[Step], noise: float = SMALL_NOISE) -> Step:
    """Return the cheapest of the steps that stay within a noise; the most exact one where none does."""
    return min((step for step in steps if step.noise <= noise), key=lambda step: step.cost, default=steps[0])


@dataclass(frozen=True, slots=True)
class _Move:
    operators: tuple[int, ...]
    to: Arithmetic
    touched: frozenset[int]
    """Tensors that they, and what carries their values on, read or write."""


class _Walk:
    def __init__(self, graph: OperatorGraph, sensitivity: Sensitivity) -> None:
        self._graph, self._effect = graph, Effect(graph, sensitivity)
        self._placement = self._carried([min(allowed(operator)) for operator in graph.operators])
        self._terms = self._evaluated(graph.activations, self._placement)
        int8 = [Arithmetic.INT8] * len(graph.operators)
        self._all_int8 = sum(cost for _, cost in self._evaluated(graph.activations, int8).values())
        units = find_units(graph)
        together = [*units, *(units[i] + units[j] for i, j in neighbours(graph, units))]
        self._moves = [self._move(unit, to) for unit in together for to in (Arithmetic.DYNAMIC, Arithmetic.INT8)]

    def steps(self) -> Iterator[Step]:
        """Give every step, the starting point first."""
        changes: dict[int, tuple[float, float]] = {}
        while True:
            noise, cost = (sum(terms) for terms in zip(*self._terms.values(), strict=True))
            yield Step(sqrt(noise), cost / self._all_int8, tuple(self._placement))
            changes.update({i: self._change(move) for i, move in enumerate(self._moves) if i not in changes})
            gains = {i: added / saved for i, (added, saved) in changes.items() if saved > 0}
            if not gains:
                return
            best = self._moves[min(gains, key=gains.__getitem__)]
            self._placement = self._after(best)
            self._terms |= self._evaluated(best.touched, self._placement)
            changes = {i: change for i, change in changes.items() if not self._moves[i].touched & best.touched}

    def _move(self, unit: Unit, to: Arithmetic) -> _Move:
        followers = [*unit]
        for number in followers:  # grows while it is walked through
            written = self._graph.operators[number].outputs
            readers = [reader for tensor in written for reader in self._graph.readers.get(tensor, ())]
            followers += [reader for reader in readers if self._graph.operators[reader].kind in CARRIERS]
        operators = [self._graph.operators[number] for number in followers]
        touched = {tensor for operator in operators for tensor in (*operator.outputs, *operator.inputs)}
        return _Move(unit, to, frozenset(touched))

    def _change(self, move: _Move) -> tuple[float, float]:
        """Squared noise added, and cost saved."""
        before, after = self._terms, self._evaluated(move.touched, self._after(move))
        added = sum(after[tensor][0] - before[tensor][0] for tensor in move.touched)
        return added, sum(before[tensor][1] - after[tensor][1] for tensor in move.touched)

    def _after(self, move: _Move) -> list[Arithmetic]:
        placement = list(self._placement)
        for number in move.operators:
            if move.to in allowed(self._graph.operators[number]):
                placement[number] = max(placement[number], move.to)
        return self._carried(placement)

    def _carried(self, placement: list[Arithmetic]) -> list[Arithmetic]:
        """Let what hands values on follow what it reads."""
        for number, operator in enumerate(self._graph.operators):
            if operator.kind in CARRIERS:
                writer = self._graph.writer.get(operator.inputs[0])
                is_int8 = writer is not None and placement[writer] is Arithmetic.INT8
                placement[number] = Arithmetic.INT8 if is_int8 else Arithmetic.FLOAT
        return placement

    def _evaluated(
        self, tensors: Sequence[int] | frozenset[int], placement: Sequence[Arithmetic]
    ) -> dict[int, tuple[float, float]]:
        return {tensor: self._effect.of_tensor(tensor, placement) for tensor in tensors}
