"""How far the outputs move when a tensor is rounded, to first order: the rounding error times the derivative.

The errors are those of real windows: long stretches of an ECG hardly move, so that whole runs of values are rounded
alike, and what looks like small noise adds up in the means over time that follow. What a few windows show is itself
uncertain, so the effect of white noise of the same size is added: no tensor looks harmless by chance. Where a tensor
has several readers, some of which take it rounded and others not, only those readers' part of the derivative counts: so
the effects through each reader are kept, with how they vary together.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.activations import ActivationReader, Ranges
from converter.memory import give_back_memory
from converter.operators import OperatorGraph
from converter.sensitivity.gradient import derivatives

Floats: TypeAlias = NDArray[np.float32]

ENOUGH_WINDOWS: Final = 12
_PROBES: Final = 3
_NARROWEST: Final = 1e-6
"""Spread in logits of an output that says the same of every window."""
_LOWEST, _HIGHEST = 0.0, 255.0
_LOGISTIC_STEP: Final = 1 / 256
"""int8 logistic functions have this step on every runtime, whatever the range."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """What rounding each tensor does to the outputs, each output in units of its own spread over windows.

    Parameters
    ----------
    static, dynamic
        By tensor, shape (n_readers, n_readers): covariance over windows of the effects through each reader, and that of
        white noise, mean over outputs; with the calibrated range and with the range of each window. The sum over some
        of the readers is the squared error if they take the tensor rounded. The mean over windows is left out: it is
        corrected in the outputs.
    """

    static: dict[int, NDArray[np.float64]]
    dynamic: dict[int, NDArray[np.float64]]


def measure_sensitivity(
    model: bytes, graph: OperatorGraph, ranges: Ranges, inputs: Floats, *, seed: int = 0
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
        Of the signs with which the outputs are summed: three sums, the same for all windows.
    """
    reader, random = ActivationReader(model, graph), np.random.default_rng(seed)
    spread = np.maximum(ranges.logits.std(axis=0), _NARROWEST)
    probes = (random.choice((-1.0, 1.0), size=(_PROBES, spread.size)) / spread).astype(np.float32)
    static, dynamic = _Effects(), _Effects()
    for x in inputs:
        values = reader.read(x)
        static.errors = {tensor: _static_error(graph, ranges, tensor, value) for tensor, value in values.items()}
        dynamic.errors = {tensor: _dynamic_error(values[tensor]) for tensor in _dynamic_inputs(graph)}
        for probe in probes:
            for tensor, parts in derivatives(graph, values, probe[None]):
                static.add(tensor, parts)
                dynamic.add(tensor, parts)
    del reader
    give_back_memory()
    shape = (len(inputs), _PROBES)
    return Sensitivity(static.covariances(shape, spread.size), dynamic.covariances(shape, spread.size))


class _Effects:
    """Effects of rounding errors on sums of outputs, window after window and probe after probe."""

    def __init__(self) -> None:
        self.errors: dict[int, Floats] = {}
        self._effects: defaultdict[int, list[list[float]]] = defaultdict(list)
        self._white: defaultdict[int, list[NDArray[np.float64]]] = defaultdict(list)

    def add(self, tensor: int, parts: list[Floats]) -> None:
        """Take the derivatives with respect to a tensor through its readers."""
        if tensor not in self.errors:
            return
        error, flat = self.errors[tensor].ravel(), [np.ascontiguousarray(part).ravel() for part in parts]
        self._effects[tensor].append([float(part @ error) for part in flat])
        variance = float(error @ error) / error.size
        self._white[tensor].append(variance * np.array([[float(one @ other) for other in flat] for one in flat]))

    def covariances(self, shape: tuple[int, int], n_outputs: int) -> dict[int, NDArray[np.float64]]:
        """Covariance over windows of the effects through each reader; `shape` is the number of windows and probes."""
        found = {}
        for tensor, effects in self._effects.items():
            by_probe = np.array(effects).reshape(*shape, -1)
            varying = by_probe - by_probe.mean(axis=0)
            measured = np.einsum("wpi,wpj->ij", varying, varying) / (max(1, shape[0] - 1) * shape[1])
            found[tensor] = (measured + np.mean(self._white[tensor], axis=0)) / n_outputs
        return found


def _dynamic_inputs(graph: OperatorGraph) -> tuple[int, ...]:
    read = {operator.inputs[0] for operator in graph.operators if operator.kind == "CONV_2D"}
    return tuple(sorted(read))


def _static_error(graph: OperatorGraph, ranges: Ranges, tensor: int, value: Floats) -> Floats:
    writer = graph.writer.get(tensor)
    if writer is not None and graph.operators[writer].kind == "LOGISTIC":
        return _rounding(value, _LOGISTIC_STEP, 0.0)
    return _in_range(value, ranges.lowest[tensor], ranges.highest[tensor])


def _dynamic_error(value: Floats) -> Floats:
    return _in_range(value, float(value.min()), float(value.max()))


def _in_range(value: Floats, lowest: float, highest: float) -> Floats:
    low, high = min(lowest, 0.0), max(highest, 0.0)
    step = max(high - low, float(np.finfo(np.float32).tiny)) / (_HIGHEST - _LOWEST)
    return _rounding(value, step, round(-low / step))


def _rounding(value: Floats, step: float, zero: float) -> Floats:
    """What rounding to 256 steps changes."""
    rounded = value * np.float32(1 / step)
    rounded += np.float32(zero)
    np.rint(rounded, out=rounded)
    np.clip(rounded, _LOWEST, _HIGHEST, out=rounded)
    rounded -= np.float32(zero)
    rounded *= np.float32(step)
    rounded -= value
    return rounded
