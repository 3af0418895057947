"""Checkpoint to pack, in the order it happens."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from converter.calibration import WindowSet, network_inputs
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.errors import ConversionError, ConversionFault
from converter.quantise import Mode, quantise
from converter.verify import Parity, verify, verify_unjudged
from edge.interpreter import installed_runtimes, open_interpreter
from edge.manifest import Contract, Manifest, Output, PackBudget, Provenance
from edge.model import open_model
from edge.pack import ModelPack, SelfTest
from edge.preprocess import Preprocessing, preprocess

_SELF_TEST_WINDOWS: Final = 4
_FAMILY_TOLERANCE: Final = {Mode.FULL: 6.0, Mode.DYNAMIC: 0.1, Mode.FLOAT: 1e-2}
"""How far kernel families may be apart: int8 steps of a logit, or logits."""


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


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What conversion did.

    Parameters
    ----------
    mode
        How much became int8.
    float_bytes, model_bytes
        Size of the graph before and after.
    parity
        What was kept, through `edge.loop`.
    spoilt
        What was kept on spoilt windows; None where none were given.
    lost
        Ids of the outputs that were not kept, and accepted.
    """

    mode: Mode
    float_bytes: int
    model_bytes: int
    parity: Parity
    spoilt: Parity | None
    lost: tuple[str, ...]


def convert(
    checkpoint: Checkpoint,
    identity: PackIdentity,
    *,
    preprocessing: Preprocessing,
    mode: Mode,
    calibration: WindowSet,
    verification: WindowSet,
    spoilt: WindowSet | None = None,
    least_spearman: float = 0.9,
    accept: frozenset[str] = frozenset(),
) -> tuple[ModelPack, ConversionReport]:
    """Make a pack of a fine-tuned Net1D.

    Parameters
    ----------
    checkpoint
        The network.
    identity
        What its manifest says beside the measurements.
    preprocessing
        What the network was trained with.
    mode
        How much of it becomes int8.
    calibration, verification
        Windows in millivolts; the second set, unseen by the first, shows what was kept and becomes the self-test.
    spoilt
        Windows with artefacts, on which no output may be lost either: calibration on clean windows saturates there.
    least_spearman
        Rank correlation with the float model below which an output counts as not kept.
    accept
        Outputs that may be lost all the same, by id; the pack's parity records them.

    Raises
    ------
    ConversionError
        If the head does not match the outputs, or an output was not kept and is not accepted.
    """
    if checkpoint.config.n_outputs != len(identity.outputs):
        raise ConversionError(
            ConversionFault.HEAD_MISMATCH,
            f"the network has {checkpoint.config.n_outputs} outputs, {len(identity.outputs)} are described",
            advice="give one row for each output, in the head's order",
        )
    float_model = emit(checkpoint, preprocessing.window_samples)
    model = quantise(float_model, mode, network_inputs(calibration, preprocessing))
    reference = _assemble(float_model, Mode.FLOAT, identity, preprocessing, verification)
    pack = _assemble(model, mode, identity, preprocessing, verification)
    exact, converted = open_model(reference), open_model(pack)
    parity = verify(exact, converted, verification)
    on_spoilt = verify_unjudged(exact, converted, spoilt) if spoilt else None
    lost = set[str]()
    for measured in (parity, on_spoilt):
        lost |= _refuse_losses(measured, least_spearman, accept) if measured else set()
    report = ConversionReport(mode, len(float_model), len(model), parity, on_spoilt, tuple(sorted(lost)))
    kept: dict[str, Any] = {
        "mode": mode,
        "float_bytes": len(float_model),
        "model_bytes": len(model),
        "calibration": calibration.origin,
        "accepted_losses": sorted(lost),
        **parity.as_json(),
        **({"spoilt": on_spoilt.as_json()} if on_spoilt else {}),
    }
    return replace(pack, parity=kept), report


def with_outputs(pack: ModelPack, outputs: Sequence[Output], **parity: Any) -> ModelPack:
    """Return the pack with other output rows (figures measured on the converted model), and more in its parity."""
    manifest = pack.manifest.model_copy(update={"outputs": tuple(outputs)})
    return replace(pack, manifest=manifest, parity={**pack.parity, **parity})


def _assemble(
    model: bytes, mode: Mode, identity: PackIdentity, preprocessing: Preprocessing, windows: WindowSet
) -> ModelPack:
    manifest = Manifest(
        name=identity.name,
        version=identity.version,
        model_sha256=hashlib.sha256(model).hexdigest(),
        model_size_bytes=len(model),
        lead=identity.lead,
        preprocessing=Contract.of(preprocessing),
        quantisation=mode.as_manifest,
        outputs=identity.outputs,
        budget=identity.budget,
        provenance=identity.provenance.model_copy(update={"converter": f"anyecg-edge {version('anyecg-edge')}"}),
    )
    return ModelPack(manifest, model, _self_test(model, mode, preprocessing, windows), {})


def _self_test(model: bytes, mode: Mode, preprocessing: Preprocessing, windows: WindowSet) -> SelfTest:
    chosen = windows.millivolts[:_SELF_TEST_WINDOWS]
    windows_uv = np.rint(chosen * 1000.0).astype(np.int32)
    signal = preprocess(windows_uv / 1000.0, preprocessing)
    interpreters = [open_interpreter(model, runtime=name) for name in installed_runtimes()]
    quantisation = interpreters[0].input.quantisation
    inputs = quantisation.quantise(signal) if quantisation else signal
    outputs = {run.kernel_family: np.stack([run.invoke(x)[0] for x in inputs]) for run in interpreters}
    tolerance = _FAMILY_TOLERANCE[mode]
    trusted = next(iter(outputs.values())).astype(np.float64)
    # A runtime that computes something else gets no vectors of its own, and so cannot pass the self-test.
    agreeing = {family: y for family, y in outputs.items() if np.abs(y - trusted).max() <= tolerance}
    return SelfTest(windows_uv, inputs, agreeing, tolerance)


def _refuse_losses(parity: Parity, least_spearman: float, accept: frozenset[str]) -> set[str]:
    """Refuse a pack that lost an output; return the ids of those that were lost and accepted."""
    lost = [row for row in parity.outputs if not row.spearman >= least_spearman]
    for row in lost:
        if row.output_id not in accept:
            raise ConversionError(
                ConversionFault.NOT_KEPT,
                f"output {row.output_id} keeps a rank correlation of {row.spearman:.3f} with the float model over "
                f"{parity.n_windows} windows ({parity.windows}), {least_spearman:g} is asked for",
                advice="calibrate with more and other windows, use mode dynamic, or accept the loss by the output's id",
            )
    return {row.output_id for row in lost}
