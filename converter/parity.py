"""How a converted model agrees with the float one, output by output."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from converter.auroc import auroc
from converter.errors import ConversionError, ConversionFault
from converter.windows.window_set import FEWEST, WindowSet
from edge.manifest import Output


@dataclass(frozen=True, slots=True)
class OutputParity:
    """How one output of the converted model agrees with the float one.

    Parameters
    ----------
    output_id
        As in the manifest.
    spearman
        Rank correlation over the windows; NaN where a model says the same of every window.
    max_abs_logit, rms_logit
        Largest and root-mean-square difference, logits.
    flips
        Windows that fall on the other side of the decision threshold.
    auroc_float, auroc_converted
        Area under the ROC curve of both models; None where the windows have no labels, or one class only.
    """

    output_id: str
    spearman: float
    max_abs_logit: float
    rms_logit: float
    flips: int
    auroc_float: float | None = None
    auroc_converted: float | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """Agreement over all outputs.

    Parameters
    ----------
    n_windows, n_rejected
        Windows that both models estimated, and windows the quality gate turned away.
    windows
        Where they come from.
    outputs
        One row an output.
    expected, actual
        Logits of the float and of the converted model, shape (n_windows, n_outputs).
    """

    n_windows: int
    n_rejected: int
    windows: str
    outputs: tuple[OutputParity, ...]
    expected: NDArray[np.float64] = field(repr=False, compare=False)
    actual: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def known_spearman(self) -> list[float]:
        """Rank correlations of the outputs that have one."""
        return [row.spearman for row in self.outputs if not math.isnan(row.spearman)]

    @property
    def spearman_min(self) -> float:
        """Rank correlation of the worst output; NaN where an output has none."""
        return float(np.min([row.spearman for row in self.outputs]))

    @property
    def flips(self) -> int:
        """Decisions that changed, over all outputs."""
        return sum(row.flips for row in self.outputs)

    @property
    def max_abs_logit(self) -> float:
        """Largest difference of any output."""
        return max(row.max_abs_logit for row in self.outputs)

    def as_json(self) -> dict[str, Any]:
        """Return the rows as JSON values; the logits stay out."""
        rows = [asdict(row) for row in self.outputs]
        for row in rows:  # JSON has no NaN
            row["spearman"] = None if math.isnan(row["spearman"]) else row["spearman"]
        return {
            "n_windows": self.n_windows,
            "n_rejected": self.n_rejected,
            "windows": self.windows,
            "outputs": rows,
        }


def compare(
    expected: NDArray[np.float64], actual: NDArray[np.float64], windows: WindowSet, outputs: tuple[Output, ...]
) -> Parity:
    """Compare what two models say of the same windows.

    Parameters
    ----------
    expected, actual
        Probabilities of the float and of the converted model, shape (n_windows, n_outputs); NaN where a window was
        rejected.
    windows
        The windows.
    outputs
        What the outputs are.

    Raises
    ------
    ConversionError
        If too few windows were estimated by both.
    """
    both = np.isfinite(expected).all(axis=1) & np.isfinite(actual).all(axis=1)
    if both.sum() < FEWEST:
        raise ConversionError(
            ConversionFault.BAD_CALIBRATION,
            f"{both.sum()} of {both.size} windows of {windows.origin} can be read, {FEWEST} are needed to verify",
            advice="verify with cleaner or more windows",
        )
    p, q = expected[both], actual[both]
    labels = None if windows.labels is None else windows.labels[both]
    rows = (
        _output_parity(output, p[:, k], q[:, k], None if labels is None else labels[:, k])
        for k, output in enumerate(outputs)
    )
    return Parity(int(both.sum()), int((~both).sum()), windows.origin, tuple(rows), _logit(p), _logit(q))


def _output_parity(
    output: Output, p: NDArray[np.float64], q: NDArray[np.float64], labels: NDArray[np.float32] | None
) -> OutputParity:
    error = _logit(q) - _logit(p)
    known = None if labels is None else np.isfinite(labels)
    return OutputParity(
        output_id=output.id,
        spearman=_spearman(p, q),
        max_abs_logit=float(np.abs(error).max()),
        rms_logit=float(np.sqrt(np.mean(error**2))),
        flips=int(np.count_nonzero((p >= output.threshold) != (q >= output.threshold))),
        auroc_float=None if labels is None else _auroc(p[known], labels[known]),
        auroc_converted=None if labels is None else _auroc(q[known], labels[known]),
    )


def _auroc(p: NDArray[np.float64], labels: NDArray[np.float32]) -> float | None:
    area = auroc(p, labels > 0)
    return None if math.isnan(area) else area


def _spearman(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    if np.ptp(p) == 0 or np.ptp(q) == 0:
        return float("nan")
    return float(stats.spearmanr(p, q).statistic)


def _logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Finite where a probability has been rounded to 0 or 1, too."""
    limits = np.finfo(np.float64)
    probability = np.clip(probability, limits.tiny, 1.0 - limits.epsneg)
    return np.log(probability) - np.log1p(-probability)
