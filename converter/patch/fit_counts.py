"""A window's work in pieces whose cost on a core is known: those of the kernels that run, and of the preprocessing."""

from collections import Counter
from typing import assert_never

from converter.patch.contract_resampling import lowpass_of
from converter.patch.network import Add, Conv, Dense, Depthwise, MaxPool, Mean, Mul, Pad, Scale
from converter.patch.schedule import Lookup, Schedule, Work
from edge.boards.profile import Unit
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, Step, SwingScale, ZScore


def network_units(scheduled: Schedule) -> dict[Unit, int]:
    """Return how many units of each kind the network takes.

    Parameters
    ----------
    scheduled
        The kernels that run.
    """
    total: Counter[Unit] = Counter()
    for step in scheduled.steps:
        total.update(_units(step.work, scheduled))
    return dict(total)


def _units(work: Work, scheduled: Schedule) -> dict[Unit, int]:
    written = scheduled.tensors[work.y].size_bytes
    match work:
        case Conv() | Depthwise() | Dense():
            unit, for_each = _multiplications(work, scheduled.tensors[work.y].width)
            return {unit: written * for_each, Unit.OUTPUT: written}
        case Mean():
            return {Unit.MEAN: scheduled.tensors[work.x].size_bytes}
        case MaxPool():
            return {Unit.MAX: written * work.rows.kernel}
        case Lookup():
            return {Unit.TABLE: written}
        case Mul() | Scale():
            return {Unit.MULTIPLY: written}
        case Add():
            return {Unit.ADD: written}
        case Pad():
            return {Unit.COPY: written}
        case _:
            assert_never(work)


def _multiplications(work: Conv | Depthwise | Dense, width: int) -> tuple[Unit, int]:
    """Return the kind of its multiplications, and how many make one value.

    Kernels take several rows at once; a convolution that writes a single row costs what a fully connected layer does.
    """
    shape = work.weights.values.shape
    match work:
        case Conv():
            along_time = Unit.POINTWISE if shape[1] == 1 else Unit.CONV
            return along_time if width > 1 else Unit.DENSE, shape[1] * shape[2]
        case Depthwise():
            return Unit.DEPTHWISE, shape[0]
        case Dense():
            return Unit.DENSE, shape[1]
        case _:
            assert_never(work)


def preprocessing_units(contract: Preprocessing, device_rate_hz: float | None) -> dict[Unit, int]:
    """Return how many units of each kind the preprocessing of a window takes.

    Parameters
    ----------
    contract
        What the pack's network was trained with.
    device_rate_hz
        Rate at which the patch samples; None for the contract's own.
    """
    a_sample: Counter[Unit] = Counter({Unit.SAMPLE: 1})
    lowpass = None if device_rate_hz is None else lowpass_of(contract, device_rate_hz)
    if lowpass is not None:
        a_sample[Unit.TAP] = 2 * lowpass.reach
    for step in contract.steps:
        a_sample.update(_a_sample(step, contract))
    return {unit: contract.window_samples * count for unit, count in a_sample.items()}


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
