"""A taught student as an int8 pack: what it says, what it costs, and what int8 took from it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from converter.distil.architecture import Architecture
from converter.distil.emit import emit, to_int8, untrained
from converter.distil.identity import StudentNames
from converter.distil.scale import Scale
from converter.parity import Parity, compare
from converter.quantise import Mode
from converter.windows.window_set import WindowSet
from edge.interpreter import Interpreter, installed_runtimes, open_interpreter
from edge.manifest import Contract, Manifest, Output, Provenance
from edge.pack import ModelPack, SelfTest
from edge.preprocess import Preprocessing, preprocess

Floats: TypeAlias = NDArray[np.float32]

_SELF_TEST_WINDOWS: Final = 4
_FEW_WINDOWS: Final = 8
_TOLERANCE_STEPS: Final = (4.0, 16.0)
"""How far kernel families may be apart: as far as int8 is from float, within these bounds, in int8 steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """A student in float and in int8.

    Parameters
    ----------
    float_model, model
        The flatbuffers.
    scale
        From what the int8 model says to logits; the mean error that int8 makes is taken back.
    """

    float_model: bytes
    model: bytes
    scale: Scale

    def float_logits(self, inputs: Floats, scale: Scale) -> Floats:
        """Logits of the float model on its own scale, shape (n, n_outputs)."""
        return scale.logits(_said(open_interpreter(self.float_model), inputs))

    def logits(self, inputs: Floats) -> Floats:
        """Logits of the int8 model, shape (n, n_outputs)."""
        return self.scale.logits(_said(open_interpreter(self.model), inputs))


def quantised(
    weights: Mapping[str, Floats], architecture: Architecture, scale: Scale, calibration: Floats
) -> Quantised:
    """Make every tensor int8.

    Parameters
    ----------
    weights, architecture
        As `converter.distil.emit.emit` takes them.
    scale
        From what the float network says to logits.
    calibration
        Preprocessed windows whose ranges int8 must hold, shape (n, window_samples).
    """
    float_model = emit(weights, architecture)
    model = to_int8(float_model, calibration)
    errors = _said(open_interpreter(model), calibration) - _said(open_interpreter(float_model), calibration)
    bias = errors.mean(axis=0, dtype=np.float64).astype(np.float32) * scale.spread
    return Quantised(float_model, model, Scale(scale.mean - bias, scale.spread))


def untaught(teacher: ModelPack, architecture: Architecture, contract: Preprocessing) -> ModelPack:
    """Put random weights in the teacher's place, to work out what a student will ask of a patch; it has no self-test.

    Parameters
    ----------
    teacher
        Whose outputs it has.
    architecture, contract
        Of the student.
    """
    noise = np.random.default_rng(0).standard_normal((_FEW_WINDOWS, contract.window_samples)).astype(np.float32)
    model = untrained(0, architecture, calibration=noise)
    fields = {"model_sha256": _sha256(model), "model_size_bytes": len(model), "preprocessing": Contract.of(contract)}
    return replace(teacher, manifest=teacher.manifest.model_copy(update=fields), model=model)


def parity_of(student: Quantised, scale: Scale, held_back: WindowSet, inputs: Floats, rows: Sequence[Output]) -> Parity:
    """Compare the student in int8 with itself in float.

    Parameters
    ----------
    student, scale
        The student, and the scale of its float network.
    held_back, inputs
        Windows that it was not taught, in millivolts and preprocessed.
    rows
        What the outputs are.
    """
    expected, actual = student.float_logits(inputs, scale), student.logits(inputs)
    return compare(expit(expected.astype(np.float64)), expit(actual.astype(np.float64)), held_back, tuple(rows))


def packed(
    student: Quantised,
    teacher: Manifest,
    names: StudentNames,
    outputs: Sequence[Output],
    contract: Preprocessing,
    provenance: Provenance,
    self_test: SelfTest,
) -> ModelPack:
    """Put a student into a pack.

    Parameters
    ----------
    student, names, provenance
        The network, and what it is.
    teacher
        Whose lead and budget it takes over.
    outputs
        Rows of the manifest; scale and offset are set here.
    contract
        What it reads.
    self_test
        Of the int8 model.
    """
    rows = tuple(
        row.model_copy(update={"logit_scale": float(spread), "logit_offset": float(mean)})
        for row, spread, mean in zip(outputs, student.scale.spread, student.scale.mean, strict=True)
    )
    manifest = Manifest(
        name=names.name,
        version=names.version,
        model_sha256=_sha256(student.model),
        model_size_bytes=len(student.model),
        lead=teacher.lead,
        preprocessing=Contract.of(contract),
        quantisation=Mode.FULL.as_manifest,
        outputs=rows,
        budget=teacher.budget,
        provenance=provenance,
        board=names.board,
    )
    return ModelPack(manifest, student.model, self_test, {})


def self_test_of(student: Quantised, parity: Parity, millivolts: Floats, contract: Preprocessing) -> SelfTest:
    """Run the first windows on every runtime there is here.

    Parameters
    ----------
    student
        The network.
    parity
        How far its int8 is from float.
    millivolts
        Windows, shape (n, window_samples), mV.
    contract
        What it reads.
    """
    windows_uv = np.rint(millivolts[:_SELF_TEST_WINDOWS] * 1000.0).astype(np.int32)
    signal = preprocess(windows_uv / 1000.0, contract)
    runs = [open_interpreter(student.model, runtime=name) for name in installed_runtimes()]
    taken = runs[0].input.quantisation
    inputs = taken.quantise(signal) if taken else signal
    outputs = {run.kernel_family: np.stack([run.invoke(x)[0] for x in inputs]) for run in runs}
    trusted, tolerance = next(iter(outputs.values())).astype(np.float64), _tolerance(student, parity)
    agreeing = {family: y for family, y in outputs.items() if np.abs(y - trusted).max() <= tolerance}
    return SelfTest(windows_uv, inputs, agreeing, tolerance)


def _sha256(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()


def _tolerance(student: Quantised, parity: Parity) -> float:
    quantisation = open_interpreter(student.model).output.quantisation
    step = quantisation.scale if quantisation else 1.0
    errors = [row.max_abs_logit / spread for row, spread in zip(parity.outputs, student.scale.spread, strict=True)]
    return float(np.clip(max(errors) / step, *_TOLERANCE_STEPS))


def _said(run: Interpreter, inputs: Floats) -> Floats:
    """What a model says of preprocessed windows, on its own scale, shape (n, n_outputs)."""
    taken, given = run.input.quantisation, run.output.quantisation
    rows = taken.quantise(inputs) if taken else inputs
    said = np.concatenate([run.invoke(row) for row in rows])
    return given.dequantise(said.astype(np.int8)) if given else said.astype(np.float32)
