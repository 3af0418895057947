"""A candidate in a pack, run beside the float network on windows that calibration never saw, and judged."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.candidate import Candidate, Source, build
from converter.gate import Gate
from converter.memory import give_back_memory
from converter.parity import Parity, compare
from converter.quantise import Mode
from converter.sensitivity.placement import Step, cheapest_within
from converter.speed import Speed
from converter.verify import through_the_loop, unjudged
from converter.windows.window_set import WindowSet
from edge.interpreter import installed_runtimes, open_interpreter
from edge.manifest import Contract, Manifest, Output, PackBudget, Provenance
from edge.model import open_model
from edge.pack import ModelPack, SelfTest
from edge.preprocess import Preprocessing, preprocess

_SELF_TEST_WINDOWS: Final = 4
_THREADS: Final = 2
_FAMILY_TOLERANCE: Final = {
    Mode.FULL: (6.0, 32.0),
    Mode.MIXED: (0.1, 1.0),
    Mode.DYNAMIC: (0.1, 1.0),
    Mode.FLOAT: (1e-2, 1e-2),
}
"""How far kernel families may be apart, in int8 steps of an output or in logits: as far as the model is from float,
within these bounds."""

_Said: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64] | None]
"""Probabilities on clean windows, and on spoilt ones, where given."""


@dataclass(frozen=True, slots=True)
class PackIdentity:
    """What the manifest says that no measurement shows.

    Parameters
    ----------
    name, version, lead, outputs, budget, provenance
        As `edge.manifest.Manifest` takes them.
    """

    name: str
    version: str
    lead: str
    outputs: tuple[Output, ...]
    budget: PackBudget
    provenance: Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A candidate and how it did.

    Parameters
    ----------
    candidate
        The model.
    clean, spoilt
        What was kept, through `edge.loop`, on windows that calibration never saw; on spoilt ones, where given.
    failures
        Outputs that were not kept, and why.
    refused
        Those of them that may not be lost.
    speed
        Of the network alone, where it was timed.
    """

    candidate: Candidate
    clean: Parity
    spoilt: Parity | None
    failures: dict[str, str]
    refused: tuple[str, ...]
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Seconds spent in each stage.

    Parameters
    ----------
    tell
        Told of each stage as it begins.
    seconds
        By stage, summed.
    """

    tell: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the time of a ``with`` block to a stage."""
        self.tell(stage)
        began_s = time.perf_counter()
        try:
            yield
        finally:
            give_back_memory()
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began_s


@dataclass(frozen=True, slots=True)
class Examination:
    """How candidates are made, measured and judged, all alike.

    Parameters
    ----------
    source
        The float network.
    identity, preprocessing
        Of the pack to come.
    verification, spoilt
        Windows that calibration never saw, and windows with artefacts.
    gate, accept
        What every output must keep, and outputs that need not.
    watch
        Where the time goes.
    """

    source: Source
    identity: PackIdentity
    preprocessing: Preprocessing
    verification: WindowSet
    spoilt: WindowSet | None
    gate: Gate
    accept: frozenset[str]
    watch: Stopwatch

    def trials(self, modes: Sequence[Mode]) -> Iterator[Trial]:
        """Build each mode and compare it with the float network."""
        reference = self._said(build(self.source, Mode.FLOAT, self.identity.outputs))
        for mode in modes:
            yield self._mixed(reference) if mode is Mode.MIXED else self._trial(mode, reference)

    def pack(self, candidate: Candidate, clean: Parity) -> ModelPack:
        """Put a candidate into a pack, with a self-test for every runtime there is here, and what was kept."""
        return self._packed(candidate, tuple(installed_runtimes()), _tolerance(candidate, clean))

    def _trial(self, mode: Mode, reference: _Said, step: Step | None = None) -> Trial:
        with self.watch.timing(f"making {mode}"):
            candidate = build(self.source, mode, self.identity.outputs, step)
        actual = reference if mode is Mode.FLOAT else self._said(candidate)
        clean = compare(reference[0], actual[0], self.verification, candidate.outputs)
        spoilt = None
        if self.spoilt and reference[1] is not None and actual[1] is not None:
            spoilt = compare(reference[1], actual[1], self.spoilt, candidate.outputs)
        failures = self.gate.failures(clean, spoilt)
        return Trial(candidate, clean, spoilt, failures, tuple(sorted(failures.keys() - self.accept)))

    def _mixed(self, reference: _Said) -> Trial:
        """Try placements from the cheapest that may do, with half the noise each time, to the first that does."""
        with self.watch.timing("sensitivity"):
            steps = self.source.frontier
        step = cheapest_within(steps, self.gate.bearable_noise)
        while True:
            trial = self._trial(Mode.MIXED, reference, step)
            if not trial.refused or step is steps[0]:
                return trial
            step = cheapest_within(steps, step.noise / 2) if step.noise > steps[0].noise else steps[0]

    def _packed(self, candidate: Candidate, runtimes: Sequence[str], tolerance: float) -> ModelPack:
        identity, model = self.identity, candidate.model
        manifest = Manifest(
            name=identity.name,
            version=identity.version,
            model_sha256=hashlib.sha256(model).hexdigest(),
            model_size_bytes=len(model),
            lead=identity.lead,
            preprocessing=Contract.of(self.preprocessing),
            quantisation=candidate.mode.as_manifest,
            outputs=candidate.outputs,
            budget=identity.budget,
            provenance=identity.provenance.model_copy(update={"converter": f"anyecg-edge {version('anyecg-edge')}"}),
        )
        self_test = _self_test(candidate, runtimes, tolerance, self.preprocessing, self.verification)
        return ModelPack(manifest, model, self_test, {})

    def _said(self, candidate: Candidate) -> _Said:
        with self.watch.timing("verifying"):
            runtime = next(iter(installed_runtimes()))
            pack = self._packed(candidate, (runtime,), tolerance=0.0)
            model = open_model(pack, runtime=runtime, n_threads=_THREADS)
            clean = through_the_loop(model, self.verification)
            return clean, unjudged(model, self.spoilt) if self.spoilt else None


def _tolerance(candidate: Candidate, clean: Parity) -> float:
    """Say how far kernel families may be apart: each rounds in its own way, which adds up as rounding does."""
    quantisation = open_interpreter(candidate.model).output.quantisation
    step = quantisation.scale if quantisation else 1.0
    errors = [
        row.max_abs_logit / output.logit_scale for row, output in zip(clean.outputs, candidate.outputs, strict=True)
    ]
    return float(np.clip(max(errors) / step, *_FAMILY_TOLERANCE[candidate.mode]))


def _self_test(
    candidate: Candidate,
    runtimes: Sequence[str],
    tolerance: float,
    preprocessing: Preprocessing,
    windows: WindowSet,
) -> SelfTest:
    windows_uv = np.rint(windows.millivolts[:_SELF_TEST_WINDOWS] * 1000.0).astype(np.int32)
    signal = preprocess(windows_uv / 1000.0, preprocessing)
    interpreters = [open_interpreter(candidate.model, runtime=name) for name in runtimes]
    quantisation = interpreters[0].input.quantisation
    inputs = quantisation.quantise(signal) if quantisation else signal
    outputs = {run.kernel_family: np.stack([run.invoke(x)[0] for x in inputs]) for run in interpreters}
    trusted = next(iter(outputs.values())).astype(np.float64)
    # A runtime that computes something else gets no vectors of its own, and so cannot pass the self-test.
    agreeing = {family: y for family, y in outputs.items() if np.abs(y - trusted).max() <= tolerance}
    return SelfTest(windows_uv, inputs, agreeing, tolerance)
