"""Checkpoint to pack, in the order it happens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from converter.calibration import WindowSet, network_inputs
from converter.candidate import Candidate, Source
from converter.ecgfounder.checkpoint import Checkpoint
from converter.errors import ConversionError, ConversionFault
from converter.gate import Gate
from converter.quantise import Mode
from converter.speed import Speed, measure_speed
from converter.target import Target
from converter.trial import Examination, PackIdentity, Stopwatch, Trial
from edge.interpreter import Execution, installed_runtimes, open_interpreter
from edge.manifest import Output
from edge.pack import ModelPack
from edge.preprocess import Preprocessing

_MOST_NAMED: Final = 8
_MODES: Final[Mapping[Target, tuple[Mode, ...]]] = {
    Target.LITERT: (Mode.FULL, Mode.MIXED, Mode.DYNAMIC, Mode.FLOAT),
    Target.TFLITE_RUNTIME: (Mode.FULL, Mode.FLOAT),
}
"""What each runtime computes rightly, in the order in which it is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class ConversionReport:
    """What conversion did.

    Parameters
    ----------
    target
        The runtime the pack is for.
    source
        The float network.
    trials
        What was tried, in order.
    chosen
        The one that became the pack.
    float_speed
        Of the float network, timed side by side with the trials that passed; None where the target is not installed.
    execution
        What the runtime makes of the chosen model.
    gate
        What was asked of every output.
    stage_seconds
        How long each stage took.
    """

    target: Target
    source: Source
    trials: tuple[Trial, ...]
    chosen: Trial
    float_speed: Speed | None
    execution: Execution
    gate: Gate
    stage_seconds: dict[str, float]

    @property
    def lost(self) -> tuple[str, ...]:
        """Outputs that were not kept, and accepted."""
        return tuple(sorted(self.chosen.failures.keys() - set(self.chosen.refused)))


def convert(
    checkpoint: Checkpoint,
    identity: PackIdentity,
    *,
    preprocessing: Preprocessing,
    calibration: WindowSet,
    verification: WindowSet,
    spoilt: WindowSet | None = None,
    mode: Mode | None = None,
    target: Target = Target.LITERT,
    gate: Gate | None = None,
    accept: frozenset[str] = frozenset(),
    tell: Callable[[str], None] = lambda _: None,
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
    calibration, verification
        Windows in millivolts; the second set, unseen by the first, shows what was kept and becomes the self-test.
    spoilt
        Windows with artefacts, on which no output may be lost either: calibration on clean windows saturates there.
    mode
        How much of it becomes int8; None for the fastest mode that keeps every output.
    target
        The runtime it is for.
    gate
        What every output must keep.
    accept
        Outputs that may be lost all the same, by id; the manifest records them.
    tell
        Told of each stage as it begins.

    Raises
    ------
    ConversionError
        If the head does not match the outputs, an accepted output is none of them, or the target does not run the mode.
    NotKept
        If an output was not kept and is not accepted; it carries the report.
    """
    _refuse_mismatch(checkpoint, identity, accept)
    modes = _modes(mode, target)
    gate, watch = gate or Gate(), Stopwatch(tell)
    with watch.timing("preprocessing"):
        source = Source(checkpoint, target, network_inputs(calibration, preprocessing))
    examination = Examination(source, identity, preprocessing, verification, spoilt, gate, accept, watch)
    trials = list(examination.trials(modes))
    with watch.timing("timing"):
        speeds = _speeds(source, [trial for trial in trials if not trial.refused])
    trials = [replace(trial, speed=speeds.get(trial.candidate.mode)) for trial in trials]
    passed = [trial for trial in trials if not trial.refused]
    chosen = _fastest(passed) if passed else min(trials, key=lambda trial: len(trial.refused))
    report = ConversionReport(
        target=target,
        source=source,
        trials=tuple(trials),
        chosen=chosen,
        float_speed=speeds.get(Mode.FLOAT),
        execution=open_interpreter(chosen.candidate.model, runtime=_here(target)).execution,
        gate=gate,
        stage_seconds=watch.seconds,
    )
    pack = examination.pack(_with_losses(chosen), chosen.clean)
    pack = replace(pack, parity=_kept(report, calibration))
    if chosen.refused:
        raise _not_kept(pack, report)
    return pack, report


class NotKept(ConversionError):
    """Outputs were lost that may not be lost.

    Parameters
    ----------
    problem, advice
        As `edge.errors.EdgeError` takes them.
    pack, report
        What would have been made, and how it did: the trial that lost the fewest outputs.
    """

    def __init__(self, problem: str, *, advice: str, pack: ModelPack, report: ConversionReport) -> None:
        super().__init__(ConversionFault.NOT_KEPT, problem, advice=advice)
        self.pack, self.report = pack, report


def with_outputs(pack: ModelPack, outputs: Sequence[Output], **parity: Any) -> ModelPack:
    """Return the pack with other output rows (figures measured on the converted model), and more in its parity."""
    manifest = pack.manifest.model_copy(update={"outputs": tuple(outputs)})
    return replace(pack, manifest=manifest, parity={**pack.parity, **parity})


def _refuse_mismatch(checkpoint: Checkpoint, identity: PackIdentity, accept: frozenset[str]) -> None:
    if checkpoint.config.n_outputs != len(identity.outputs):
        raise ConversionError(
            ConversionFault.HEAD_MISMATCH,
            f"the network has {checkpoint.config.n_outputs} outputs, {len(identity.outputs)} are described",
            advice="give one row for each output, in the head's order",
        )
    unknown = sorted(accept - {output.id for output in identity.outputs})
    if unknown:
        raise ConversionError(
            ConversionFault.HEAD_MISMATCH,
            f"the loss of {', '.join(unknown[:_MOST_NAMED])} is accepted, and no output is called so",
            advice="name outputs as the labels do",
        )


def _modes(mode: Mode | None, target: Target) -> tuple[Mode, ...]:
    if mode is None:
        return tuple(known for known in _MODES[target] if known is not Mode.FLOAT)
    if mode not in _MODES[target]:
        raise ConversionError(
            ConversionFault.NOT_FOR_TARGET,
            f"mode {mode} has dynamic-range layers, which {target} is not trusted with: it computes some kinds wrongly",
            advice=f"use mode {' or '.join(_MODES[target])}, or convert for --runtime {Target.LITERT}",
        )
    return (mode,)


def _here(target: Target) -> str | None:
    """Name the runtime that shows what becomes of a model: the target where it is installed, the default elsewhere."""
    return target if target in installed_runtimes() else None


def _speeds(source: Source, passed: Sequence[Trial]) -> dict[Mode, Speed]:
    """Time what passed, and the float network beside it, where the target is installed."""
    if not passed or _here(source.target) is None:
        return {}
    models = {Mode.FLOAT: source.model, **{trial.candidate.mode: trial.candidate.model for trial in passed}}
    opened = {mode: open_interpreter(model, runtime=source.target) for mode, model in models.items()}
    return measure_speed(opened, source.inputs[0])


def _fastest(passed: Sequence[Trial]) -> Trial:
    """Return the fastest; where the target is not installed, the one that is tried first."""
    if any(trial.speed is None for trial in passed):
        return passed[0]
    return min(passed, key=lambda trial: trial.speed.median_ms if trial.speed else np.inf)


def _not_kept(pack: ModelPack, report: ConversionReport) -> NotKept:
    best, trials = report.chosen, report.trials
    first = best.refused[0]
    others = f" (and {len(best.refused) - 1} more outputs lost)" if len(best.refused) > 1 else ""
    tried = f"no mode keeps every output; nearest is {best.candidate.mode}: " if len(trials) > 1 else ""
    return NotKept(
        f"{tried}output {first} was not kept{others}: {best.failures[first]}",
        advice=f"calibrate with more and other windows{_another_mode(trials, report.target)}, or accept the loss: "
        "--accept " + " --accept ".join(best.refused[:_MOST_NAMED]),
        pack=pack,
        report=report,
    )


def _another_mode(trials: Sequence[Trial], target: Target) -> str:
    """Suggest what is closer to float than all that was tried, where there is something."""
    tried = max(_MODES[target].index(trial.candidate.mode) for trial in trials)
    closer = _MODES[target][tried + 1 :]
    return f", try --mode {closer[0]}" if closer else ""


def _with_losses(trial: Trial) -> Candidate:
    """Write what was lost, and accepted, into the rows of the manifest."""
    rows = tuple(
        row.model_copy(update={"accepted_loss": trial.failures.get(row.id)}) for row in trial.candidate.outputs
    )
    return replace(trial.candidate, outputs=rows)


def _kept(report: ConversionReport, calibration: WindowSet) -> dict[str, Any]:
    chosen = report.chosen
    return {
        "mode": chosen.candidate.mode,
        "target": report.target,
        "float_bytes": len(report.source.model),
        "model_bytes": len(chosen.candidate.model),
        "calibration": calibration.origin,
        "accepted_losses": list(report.lost),
        **chosen.clean.as_json(),
        **({"spoilt": chosen.spoilt.as_json()} if chosen.spoilt else {}),
    }
