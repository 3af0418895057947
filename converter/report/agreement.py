"""How two models agree over a set of windows, output by output."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
