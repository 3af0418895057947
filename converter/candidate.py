"""A network in one of the modes, with the corrections that its outputs need."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from converter.activations import Ranges, survey
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.ecgfounder.equalise import normalised_outputs, residual_scales, with_headroom
from converter.memory import give_back_memory
from converter.operators import OperatorGraph, read_operators
from converter.quantise import Mode, quantise_dynamic, quantise_full, quantise_placed
from converter.sensitivity.attribution import ENOUGH_WINDOWS, Sensitivity, measure_sensitivity
from converter.sensitivity.placement import Step, cheapest_within, frontier
from converter.target import Target
from edge.interpreter import open_interpreter
from edge.manifest import Output

Floats: TypeAlias = NDArray[np.float32]

_BATCH: Final = 4
_WORTH_EQUALISING: Final = 0.8
"""Part of the noise that must be left for it: the products before each activation function take a tenth of the time."""


@dataclass(frozen=True, eq=False)
class Source:
    """The float network with what calibration says of it; each part is made when it is first asked for.

    Parameters
    ----------
    checkpoint
        The network.
    target
        The runtime it is written for.
    inputs
        Preprocessed calibration windows, shape (n, window_samples).
    """

    checkpoint: Checkpoint
    target: Target
    inputs: Floats

    @cached_property
    def model(self) -> bytes:
        """The float graph."""
        return emit(self.checkpoint, self.inputs.shape[1], target=self.target)

    @cached_property
    def graph(self) -> OperatorGraph:
        """What it consists of."""
        return read_operators(self.model)

    @cached_property
    def ranges(self) -> Ranges:
        """Of its tensors over the calibration windows."""
        return survey(self.model, self.graph, self.inputs)

    @cached_property
    def sensitivity(self) -> Sensitivity:
        """What rounding its tensors does to the outputs."""
        return measure_sensitivity(self.model, self.graph, self.ranges, self.inputs[:ENOUGH_WINDOWS])

    @cached_property
    def frontier(self) -> tuple[Step, ...]:
        """Placements from the most exact to the cheapest."""
        return frontier(self.graph, self.sensitivity)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A model that may become a pack.

    Parameters
    ----------
    mode
        How much of it is int8.
    model
        The flatbuffer.
    outputs
        The rows of the manifest, with the scale and offset that turn the network's outputs into logits.
    step
        The placement, where one was chosen.
    equalised
        Whether its residual stream has channels of even size.
    """

    mode: Mode
    model: bytes
    outputs: tuple[Output, ...]
    step: Step | None = None
    equalised: bool = False


def build(source: Source, mode: Mode, outputs: Sequence[Output], step: Step | None = None) -> Candidate:
    """Make a candidate.

    Parameters
    ----------
    source
        The float network.
    mode
        How much of it becomes int8.
    outputs
        What its outputs are.
    step
        The placement of a mixed one; that of little noise by default.
    """
    rows = tuple(outputs)
    match mode:
        case Mode.FLOAT:
            return Candidate(mode, source.model, rows)
        case Mode.DYNAMIC:
            model = quantise_dynamic(source.model, source.graph)
            return _centred(Candidate(mode, model, rows), source)
        case Mode.MIXED:
            step = step or cheapest_within(source.frontier)
            model = quantise_placed(source.model, source.graph, source.ranges, step.placement)
            return _centred(Candidate(mode, model, rows, step), source)
        case Mode.FULL:
            plain, even = _full(source, rows, equalise=False), _full(source, rows, equalise=True)
            gains = _noise(even, source) < _WORTH_EQUALISING * _noise(plain, source)
            return _centred(even if gains else plain, source)
        case _:
            assert_never(mode)


def float_model_of(candidate: Candidate, source: Source) -> bytes:
    """Write the float graph that a candidate was made of; it computes the same as the source's, but for its outputs."""
    return _full_float(source, equalise=candidate.equalised) if candidate.mode is Mode.FULL else source.model


def _full_float(source: Source, *, equalise: bool) -> bytes:
    head = normalised_outputs(source.checkpoint, source.ranges.logits)
    scales = residual_scales(source.checkpoint.config, source.graph, source.ranges) if equalise else None
    return emit(head.checkpoint, source.inputs.shape[1], target=source.target, residual_scales=scales)


def _full(source: Source, rows: tuple[Output, ...], *, equalise: bool) -> Candidate:
    """Every tensor int8, the outputs all of one range."""
    float_model = _full_float(source, equalise=equalise)
    give_back_memory()
    graph = read_operators(float_model)
    ranges = with_headroom(graph, survey(float_model, graph, source.inputs))
    head = normalised_outputs(source.checkpoint, source.ranges.logits)
    rows = tuple(
        row.model_copy(update={"logit_scale": float(scale), "logit_offset": float(offset)})
        for row, scale, offset in zip(rows, head.scales, head.offsets, strict=True)
    )
    model = quantise_full(float_model, graph, ranges)
    del float_model, graph
    give_back_memory()
    return Candidate(Mode.FULL, model, rows, equalised=equalise)


def _noise(candidate: Candidate, source: Source) -> float:
    """Root-mean-square error of an output over the calibration windows, in its standard deviations, its mean apart.

    An output that says the same of every window has no order to lose, and does not count.
    """
    errors = (logits_of(candidate, source.inputs) - source.ranges.logits).std(axis=0, dtype=np.float64)
    spread = source.ranges.logits.std(axis=0, dtype=np.float64)
    return float(np.sqrt(np.mean((errors / np.where(spread > 0, spread, np.inf)) ** 2)))


def logits_of(candidate: Candidate, inputs: Floats) -> Floats:
    """Logits of preprocessed windows, shape (n, n_outputs)."""
    run = open_interpreter(candidate.model)
    taken, given = run.input.quantisation, run.output.quantisation
    given_inputs = taken.quantise(inputs) if taken else inputs
    outputs = np.concatenate([run.invoke_batch(given_inputs[i : i + _BATCH]) for i in range(0, len(inputs), _BATCH)])
    values = given.dequantise(outputs.astype(np.int8)) if given else outputs.astype(np.float32)
    scale, offset = np.array([(row.logit_scale, row.logit_offset) for row in candidate.outputs], np.float32).T
    return scale * values + offset


def _centred(candidate: Candidate, source: Source) -> Candidate:
    """Take the mean error of each output over the calibration windows back through the logit's offset."""
    errors = (logits_of(candidate, source.inputs) - source.ranges.logits).mean(axis=0, dtype=np.float64)
    rows = tuple(
        row.model_copy(update={"logit_offset": row.logit_offset - float(error)})
        for row, error in zip(candidate.outputs, errors, strict=True)
    )
    return replace(candidate, outputs=rows)
