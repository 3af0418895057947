"""How much of what a network does: the units whose cost on a core is known."""

from collections import Counter
from typing import Final, TypeAlias, assert_never

from converter.patch.network import (
    Add,
    Conv,
    Dense,
    Depthwise,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Network,
    Pad,
    Reshape,
    Scale,
)
from edge.boards.profile import Unit
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, Step, SwingScale, ZScore

Working: TypeAlias = Conv | Depthwise | Dense | Mean | Logistic | Mul | Scale | Add | MaxPool | Pad


def units_of(network: Network) -> dict[Unit, int]:
    """Return how many units of each kind a window takes.

    Parameters
    ----------
    network
        What the patch is to run.
    """
    total: Counter[Unit] = Counter()
    for operator in network.operators:
        if not isinstance(operator, Reshape):
            total.update(_units(operator, network))
    return {unit: total[unit] for unit in Unit if total[unit]}


def _units(operator: Working, network: Network) -> dict[Unit, int]:
    written = network.tensors[operator.y].size_bytes
    if isinstance(operator, Conv | Depthwise | Dense):
        unit, for_each = _multiplications(operator)
        return {unit: written * for_each, Unit.OUTPUT: written}
    if isinstance(operator, Mean):
        return {Unit.MEAN: network.tensors[operator.x].size_bytes}
    if isinstance(operator, MaxPool):
        return {Unit.MAX: written * operator.rows.kernel}
    return {_ELEMENT_BY_ELEMENT[type(operator)]: written}


_ELEMENT_BY_ELEMENT: Final = {
    Add: Unit.ADD,
    Logistic: Unit.TABLE,
    Mul: Unit.MULTIPLY,
    Pad: Unit.COPY,
    Scale: Unit.MULTIPLY,
}


def _multiplications(operator: Conv | Depthwise | Dense) -> tuple[Unit, int]:
    """Return the kind of its multiplications, and how many make one value."""
    shape = operator.weights.values.shape
    match operator:
        case Conv():
            return Unit.POINTWISE if shape[1] == 1 else Unit.CONV, shape[1] * shape[2]
        case Depthwise():
            return Unit.DEPTHWISE, shape[0]
        case Dense():
            return Unit.DENSE, shape[1]
        case _:
            assert_never(operator)


def preprocessing_units(contract: Preprocessing) -> dict[Unit, int]:
    """Return how many units of each kind the preprocessing of a window takes, at the contract's own rate.

    Parameters
    ----------
    contract
        What the pack's network was trained with.
    """
    total: Counter[Unit] = Counter({Unit.SAMPLE: contract.window_samples})
    for step in contract.steps:
        total.update({unit: contract.window_samples * a_sample for unit, a_sample in _a_sample(step, contract).items()})
    return dict(total)


def _a_sample(step: Step, contract: Preprocessing) -> dict[Unit, int]:
    match step:
        case Notch():
            return {Unit.SECTION: 2}
        case Bandpass():
            return {Unit.SECTION: 2 * step.order}
        case MedianBaseline():
            return {Unit.MEDIAN: int(step.seconds * contract.rate_hz) | 1}
        case ZScore() | SwingScale() | Compress():
            return {Unit.SAMPLE: 1}
        case _:
            assert_never(step)
