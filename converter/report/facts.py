"""Everything the report of a conversion states, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from converter.report.agreement import Agreement
from converter.report.layers import LayerError
from edge.interpreter import Execution


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
    """Wall time of a window in one setting, a batch's divided by its windows; `name` says which model and runtime."""

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
        Size of the float graph, of the converted one, and of the pack's file; 0 where none was written.
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
    layers, n_layer_windows
        Measured error of each tensor, in the order of the graph, and over how many windows.
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
    n_layer_windows: int = 0
    choices: tuple[Choice, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether the outputs were kept."""
        if self.failed:
            return Verdict.FAILED
        return Verdict.PASSED_WITH_LOSSES if self.accepted else Verdict.PASSED
