"""What was lost: a student beside its teacher, output by output."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from converter.auroc import auroc
from edge.manifest import Output

Logits: TypeAlias = NDArray[np.float32]
"""Shape (n, n_outputs)."""


@dataclass(frozen=True, slots=True)
class OutputLoss:
    """How one output of the student follows its teacher.

    Parameters
    ----------
    output_id
        As in the manifest.
    correlation, rank_correlation
        Pearson's of the probabilities and Spearman's; None where one of the two says the same of every window.
    mean_difference
        Mean absolute difference of the probabilities.
    agreement
        Part of the windows on the same side of the threshold.
    teacher_positive, student_positive
        Part of the windows each calls positive.
    auroc_of_decisions
        Area under the ROC curve of the student's probability for the teacher's decision; None where the teacher
        decides alike everywhere.
    """

    output_id: str
    correlation: float | None
    rank_correlation: float | None
    mean_difference: float
    agreement: float
    teacher_positive: float
    student_positive: float
    auroc_of_decisions: float | None

    def in_words(self) -> str:
        """Say it in one line, for a manifest."""
        correlation = "none" if self.correlation is None else f"{self.correlation:.3f}"
        return f"correlation {correlation}, mean difference {self.mean_difference:.3f}, agreement {self.agreement:.1%}"


@dataclass(frozen=True, slots=True)
class Loss:
    """What was lost on windows of one kind.

    Parameters
    ----------
    windows
        What they are.
    n_windows
        How many.
    outputs
        One row an output.
    """

    windows: str
    n_windows: int
    outputs: tuple[OutputLoss, ...]

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def loss_of(teacher: Logits, student: Logits, outputs: Sequence[Output], windows: str) -> Loss:
    """Compare what two models say of the same windows.

    Parameters
    ----------
    teacher, student
        Logits, both of shape (n, n_outputs), n above 0.
    outputs
        What the outputs are.
    windows
        What the windows are.
    """
    p, q = (expit(logits.astype(np.float64)) for logits in (teacher, student))
    rows = tuple(_output_loss(output, p[:, k], q[:, k]) for k, output in enumerate(outputs))
    return Loss(windows, len(p), rows)


def _output_loss(output: Output, p: NDArray[np.float64], q: NDArray[np.float64]) -> OutputLoss:
    decided, followed = p >= output.threshold, q >= output.threshold
    varied = bool(np.ptp(p) > 0 and np.ptp(q) > 0)
    area = auroc(q, decided)
    return OutputLoss(
        output_id=output.id,
        correlation=float(np.corrcoef(p, q)[0, 1]) if varied else None,
        rank_correlation=float(stats.spearmanr(p, q).statistic) if varied else None,
        mean_difference=float(np.abs(p - q).mean()),
        agreement=float((decided == followed).mean()),
        teacher_positive=float(decided.mean()),
        student_positive=float(followed.mean()),
        auroc_of_decisions=None if isnan(area) else area,
    )
