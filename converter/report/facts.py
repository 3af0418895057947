"""Everything the report of a conversion states, as plain values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from converter.report.layers import LayerError
from edge.interpreter import Execution


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Both models' logits of one output.

    Parameters
    ----------
    expected_logits, actual_logits
        Of the float and of the converted model, shape (n_windows,).
    """

    expected_logits: NDArray[np.float64]
    actual_logits: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OutputAgreement:
    """How one output agrees with the float model's.

    Parameters
    ----------
    output_id, name
        As in the manifest.
    threshold_logit
        Logit of the decision threshold.
    spearman
        Rank correlation over the windows; NaN where one model says the same of every window.
    max_abs_logit, rms_logit
        Largest and root-mean-square difference, logits.
    flips
        Windows that fall on the other side of the threshold.
    auroc_float, auroc_converted
        Against labels; None where there are none.
    scatter
        Both models' logits; None for outputs that are not shown.
    """

    output_id: str
    name: str
    threshold_logit: float
    spearman: float
    max_abs_logit: float
    rms_logit: float
    flips: int
    auroc_float: float | None = None
    auroc_converted: float | None = None
    scatter: Scatter | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement over one set of windows.

    Parameters
    ----------
    windows_origin
        What the windows are.
    n_windows, n_rejected
        Windows that both models estimated, and windows that the quality gate turned away.
    outputs
        One an output, in the model's order; at least one.
    """

    windows_origin: str
    n_windows: int
    n_rejected: int
    outputs: tuple[OutputAgreement, ...]

    @property
    def worst_first(self) -> tuple[OutputAgreement, ...]:
        """Outputs by rank correlation, those without one first."""
        return tuple(sorted(self.outputs, key=lambda row: -2.0 if math.isnan(row.spearman) else row.spearman))

    @property
    def spearman_median(self) -> float:
        """Of the outputs that have a rank correlation; NaN where none has."""
        known = [row.spearman for row in self.outputs if not math.isnan(row.spearman)]
        return float(np.median(known)) if known else math.nan

    @property
    def spearman_min(self) -> float:
        """Of all outputs: NaN where one has no rank correlation."""
        return self.worst_first[0].spearman

    @property
    def flips(self) -> int:
        """Of all outputs."""
        return sum(row.flips for row in self.outputs)


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that was asked of the conversion.

    Parameters
    ----------
    what
        The measured quantity, with its unit and windows.
    asked
        The bound in words, such as ``at least 0.95``.
    measured
        The worst value.
    n_outside
        Outputs beyond the bound, accepted or not.
    """

    what: str
    asked: str
    measured: float
    n_outside: int


@dataclass(frozen=True, slots=True)
class GateResult:
    """What had to hold for the pack to be made, and whether it did.

    Parameters
    ----------
    words
        In a sentence.
    limits
        Each with its measurement.
    least_spearman, least_spearman_spoilt
        Rank correlation below which an output counts as not kept, on clean windows and with artefacts; None where the
        gate asks for none.
    """

    words: str
    limits: tuple[Limit, ...]
    least_spearman: float | None = None
    least_spearman_spoilt: float | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """Times of one window on one setting; `name` says which model and runtime."""

    name: str
    batch: int
    threads: int
    median_ms: float
    p05_ms: float
    p95_ms: float
    n: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mode that was tried.

    Parameters
    ----------
    mode
        Its name.
    passed, why_not
        Whether the gate let it through, and what stood in the way (empty where nothing).
    spearman_median, spearman_min, flips
        On the worse of the window sets.
    median_ms, model_bytes
        What it costs; None where not measured.
    """

    mode: str
    passed: bool
    why_not: str
    spearman_median: float
    spearman_min: float
    flips: int
    median_ms: float | None
    model_bytes: int | None


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """A placement of int8 kernels, predicted.

    Parameters
    ----------
    noise_sd
        Rounding error of an output, root mean square, in standard deviations of that output.
    relative_cost
        Time beside the int8 kernels of the weighted layers; 1 where everything is int8.
    n_float, n_dynamic, n_int8
        Operators by arithmetic.
    """

    noise_sd: float
    relative_cost: float
    n_float: int
    n_dynamic: int
    n_int8: int


@dataclass(frozen=True, slots=True)
class OperatorChoice:
    """The arithmetic of one operator; `noise_share` is its output's part of the predicted squared noise, 0 to 1."""

    name: str
    kind: str
    arithmetic: str
    noise_share: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision made on the way, and its reason."""

    what: str
    chosen: str
    why: str


class Verdict(StrEnum):
    """How a conversion came out."""

    PASSED = "passed"
    PASSED_WITH_LOSSES = "passed_with_accepted_losses"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A conversion.

    Parameters
    ----------
    pack_label, demonstration
        As `edge.manifest.Manifest` says them.
    checkpoint_name, checkpoint_sha256, n_parameters, n_outputs
        What was converted.
    target, mode
        For which runtime, and how much became int8.
    created, machine, versions
        When (ISO 8601), where, and with what.
    calibration, verification
        Where the windows come from.
    float_bytes, model_bytes, pack_bytes
        Size of the float graph, of the converted one, and of the pack's file.
    seconds, stage_seconds, peak_rss_mb
        What the conversion itself took.
    float_vs_torch_max
        Largest difference of the float graph from the network in torch, logits; None where torch was not there.
    clean, spoilt
        Agreement on clean windows, and with artefacts; None where that was not measured.
    gate, failed, accepted
        What was asked, and the ids of the outputs that were not kept: refused ones and accepted ones.
    execution
        What the runtime makes of the converted graph.
    speed, candidates
        Measured; empty where nothing was.
    frontier, chosen_step, arithmetic
        Predicted: placements from the most exact to the cheapest, which of them was taken (None for another one), and
        what it says of each operator.
    layers
        Measured error of each tensor, in the order of the graph.
    choices
        Each with its reason.
    """

    pack_label: str
    demonstration: bool
    checkpoint_name: str
    checkpoint_sha256: str
    n_parameters: int
    n_outputs: int
    target: str
    mode: str
    created: str
    machine: str
    versions: Mapping[str, str]
    calibration: str
    verification: str
    float_bytes: int
    model_bytes: int
    pack_bytes: int
    seconds: float
    stage_seconds: Mapping[str, float]
    peak_rss_mb: float
    float_vs_torch_max: float | None
    clean: Agreement
    spoilt: Agreement | None
    gate: GateResult
    failed: tuple[str, ...]
    accepted: tuple[str, ...]
    execution: Execution
    speed: tuple[Speed, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    frontier: tuple[FrontierPoint, ...] = ()
    chosen_step: int | None = None
    arithmetic: tuple[OperatorChoice, ...] = ()
    layers: tuple[LayerError, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether the outputs were kept."""
        if self.failed:
            return Verdict.FAILED
        return Verdict.PASSED_WITH_LOSSES if self.accepted else Verdict.PASSED
