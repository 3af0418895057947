"""How well a student and its teacher answer where the answer is known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.distil.figures import Logits
from converter.training.data import OUTPUTS
from converter.training.evaluate import Auroc, pooled, within_subject
from edge.heart import Labs
from edge.manifest import Output


@dataclass(frozen=True, slots=True)
class Answer:
    """Areas under the ROC curve of one output against the truth.

    Parameters
    ----------
    output_id
        As in the manifest.
    n_windows, n_positive
        Windows whose truth is known, and positive ones among them.
    teacher, student
        Over all pairs of windows, with the interval by subject.
    teacher_within, student_within
        Over pairs of windows of one subject; None where no subject has both.
    """

    output_id: str
    n_windows: int
    n_positive: int
    teacher: Auroc
    student: Auroc
    teacher_within: Auroc | None
    student_within: Auroc | None

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def synthetic_truth(outputs: Sequence[Output], labs: Labs) -> NDArray[np.float32]:
    """Answer the outputs that ask what the synthetic heart knows.

    Parameters
    ----------
    outputs
        Of the teacher.
    labs
        Of each window.

    Returns
    -------
    NDArray[float32]
        Shape (n, n_outputs): 1, 0, or NaN where the heart has no such value.
    """
    known = {(known.loinc, known.direction, known.limit, known.unit, known.id): known for known in OUTPUTS}
    asked = [known.get((o.loinc, o.direction, o.limit, o.unit, o.id)) for o in outputs]
    unknown = np.full(len(labs.potassium_mmol_per_l), np.nan, np.float32)
    return np.stack([output.labels(labs) if output else unknown for output in asked], axis=1)


def answers(
    teacher: Logits,
    student: Logits,
    labels: NDArray[np.float32],
    subjects: NDArray[np.int64],
    outputs: Sequence[Output],
) -> tuple[Answer, ...]:
    """Measure both where the truth is known; outputs of which it is not, or is one-sided, have no row.

    Parameters
    ----------
    teacher, student, labels
        Shape (n, n_outputs); a label is 1, 0, or NaN where it is not known.
    subjects
        Shape (n,): of each window.
    outputs
        What the outputs are.
    """
    found = []
    for k, output in enumerate(outputs):
        known = np.isfinite(labels[:, k])
        truth, who = labels[known, k] > 0, subjects[known]
        if not truth.any() or truth.all():
            continue
        scores = [logits[known, k].astype(np.float64) for logits in (teacher, student)]
        overall = [pooled(score, truth, who) for score in scores]
        within = [within_subject(score, truth, who) for score in scores]
        one, other = (None if isnan(area.value) else area for area in within)
        found.append(Answer(output.id, int(known.sum()), int(truth.sum()), overall[0], overall[1], one, other))
    return tuple(found)
