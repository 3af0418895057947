"""The report of a conversion, from what the conversion did and what is measured for the report alone."""

import math
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.candidate import float_model_of
from converter.convert import ConversionReport
from converter.gate import Gate
from converter.memory import give_back_memory
from converter.parity import Parity
from converter.quantise import Mode
from converter.report.facts import Candidate, Choice, GateResult, Limit, OperatorChoice, Report, Speed
from converter.report.gather import agreement_of, frontier_points, operator_choices
from converter.report.layers import LayerError, layer_errors
from converter.target import Target
from converter.trial import Trial
from edge.interpreter import installed_runtimes
from edge.pack import ModelPack

_LAYER_WINDOWS: Final = 4
_PACKAGES: Final = ("anyecg-edge", "ai-edge-litert", "ai-edge-quantizer", "numpy", "scipy")


def compose(
    pack: ModelPack,
    done: ConversionReport,
    *,
    checkpoint_name: str,
    checkpoint_sha256: str,
    pack_bytes: int,
    seconds: float,
    peak_rss_mb: float,
    float_vs_torch_max: float | None,
) -> Report:
    """Put a report together; errors are measured tensor by tensor for it.

    Parameters
    ----------
    pack, done
        What came of the conversion.
    checkpoint_name, checkpoint_sha256
        What was converted.
    pack_bytes, seconds, peak_rss_mb, float_vs_torch_max
        As `converter.report.facts.Report` takes them.
    """
    chosen, source = done.chosen, done.source
    manifest, candidate = pack.manifest, chosen.candidate
    inputs = source.inputs[:_LAYER_WINDOWS]
    return Report(
        pack_label=manifest.label,
        demonstration=manifest.provenance.demonstration,
        checkpoint_name=checkpoint_name,
        checkpoint_sha256=checkpoint_sha256,
        n_parameters=sum(weights.size for weights in source.checkpoint.weights.values()),
        n_outputs=len(manifest.outputs),
        target=done.target,
        mode=candidate.mode,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{platform.system()} {platform.release()}, {platform.machine()}, Python {platform.python_version()}",
        versions={name: version(name) for name in _PACKAGES},
        calibration=pack.parity["calibration"],
        verification=chosen.clean.windows,
        float_bytes=len(source.model),
        model_bytes=len(candidate.model),
        pack_bytes=pack_bytes,
        seconds=seconds,
        stage_seconds=done.stage_seconds,
        peak_rss_mb=peak_rss_mb,
        float_vs_torch_max=float_vs_torch_max,
        clean=agreement_of(chosen.clean, manifest.outputs),
        spoilt=agreement_of(chosen.spoilt, manifest.outputs) if chosen.spoilt else None,
        gate=_gate(done.gate, chosen),
        failed=chosen.refused,
        accepted=done.lost,
        execution=done.execution,
        speed=tuple(_speeds(done)),
        candidates=tuple(_candidate(trial) for trial in done.trials),
        frontier=frontier_points(source.frontier) if candidate.step else (),
        chosen_step=source.frontier.index(candidate.step) if candidate.step else None,
        arithmetic=_arithmetic(done),
        layers=_layers(done, inputs),
        n_layer_windows=len(inputs),
        choices=tuple(_choices(done)),
    )


def _layers(done: ConversionReport, inputs: NDArray[np.float32]) -> tuple[LayerError, ...]:
    candidate = done.chosen.candidate
    if candidate.mode is Mode.FLOAT:
        return ()
    give_back_memory()
    return layer_errors(float_model_of(candidate, done.source), candidate.model, inputs)


def _arithmetic(done: ConversionReport) -> tuple[OperatorChoice, ...]:
    step = done.chosen.candidate.step
    return operator_choices(done.source.graph, done.source.sensitivity, step.placement) if step else ()


def _gate(gate: Gate, chosen: Trial) -> GateResult:
    clean, spoilt = chosen.clean, chosen.spoilt
    limits = [
        _rank_limit("rank correlation with the float model, clean windows", gate.least_spearman, clean),
        Limit(
            f"decisions that changed, of {clean.n_windows} clean windows",
            f"at most {math.floor(gate.most_flips * clean.n_windows)}",
            max(row.flips for row in clean.outputs),
            sum(row.flips > gate.most_flips * clean.n_windows for row in clean.outputs),
        ),
    ]
    if spoilt:
        limits.insert(1, _rank_limit("the same, windows with artefacts", gate.least_spearman_spoilt, spoilt))
    shifts = [
        abs(row.auroc_converted - row.auroc_float)
        for row in clean.outputs
        if row.auroc_float is not None and row.auroc_converted is not None
    ]
    if shifts:
        outside = sum(shift > gate.most_auroc_shift for shift in shifts)
        limits.append(Limit("shift of AUROC", f"at most {gate.most_auroc_shift:g}", max(shifts), outside))
    words = "Every output must keep all of these, or be accepted by name."
    return GateResult(words, tuple(limits), gate.least_spearman, gate.least_spearman_spoilt if spoilt else None)


def _rank_limit(what: str, least: float, parity: Parity) -> Limit:
    outside = sum(not row.spearman >= least for row in parity.outputs)
    return Limit(what, f"at least {least:g}", parity.spearman_min, outside)


def _speeds(done: ConversionReport) -> Iterator[Speed]:
    measured = {"float": done.float_speed} | {trial.candidate.mode.value: trial.speed for trial in done.trials}
    for name, speed in measured.items():
        if speed:
            said = f"{name}, {done.target}"
            yield Speed(said, 1, speed.n_threads, speed.median_ms, speed.p05_ms, speed.p95_ms, speed.n_rounds)


def _candidate(trial: Trial) -> Candidate:
    both = (parity for parity in (trial.clean, trial.spoilt) if parity)
    worse = min(both, key=lambda parity: -2.0 if math.isnan(parity.spearman_min) else parity.spearman_min)
    known = worse.known_spearman
    return Candidate(
        mode=trial.candidate.mode,
        passed=not trial.refused,
        why_not="; ".join(f"{output}: {trial.failures[output]}" for output in trial.refused[:3])
        + (f"; and {len(trial.refused) - 3} more outputs" if len(trial.refused) > 3 else ""),  # noqa: PLR2004
        spearman_median=float(np.median(known)) if known else math.nan,
        spearman_min=worse.spearman_min,
        flips=worse.flips,
        median_ms=trial.speed.median_ms if trial.speed else None,
        model_bytes=len(trial.candidate.model),
    )


def _choices(done: ConversionReport) -> Iterator[Choice]:
    candidate = done.chosen.candidate
    tried = ", ".join(trial.candidate.mode for trial in done.trials)
    why = (
        f"the fastest of those that keep every output (tried: {tried})" if len(done.trials) > 1 else "it was asked for"
    )
    yield Choice("mode", candidate.mode, why)
    grouped = "as one operator" if done.target is Target.LITERT else "as a convolution for each group"
    yield Choice("grouped convolutions", grouped, f"the fastest form on {done.target}")
    if done.target not in installed_runtimes():
        said = f"{done.target} is not installed here: there, fewer operators may be delegated"
        yield Choice("operators", f"counted on {next(iter(installed_runtimes()))}", said)
    if candidate.mode is not Mode.FLOAT:
        yield Choice("weights", "int8, one scale for each output channel", "rounding them moves the outputs least")
        yield Choice(
            "mean error of each output", "taken back in the manifest's logit_offset", "it costs no time on the device"
        )
    if candidate.mode is Mode.FULL:
        yield Choice("ranges", "true extremes over all calibration windows", "averages of extremes clip")
        scaled = "channels divided by scales of their own" if candidate.equalised else "as it is"
        yield Choice("residual stream", scaled, "scales were tried: kept where they take a fifth of the noise away")
        yield Choice(
            "outputs",
            "all of one range; logit_scale in the manifest leads back",
            "one int8 step must serve all outputs",
        )
    if candidate.step:
        yield Choice(
            "arithmetic of each operator",
            f"predicted noise {candidate.step.noise:.4f} standard deviations of an output",
            "the cheapest placement within the limit, by measured sensitivity",
        )
