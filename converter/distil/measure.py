"""A student measured on what it was never taught: beside its teacher, beside the truth, and int8 beside float."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from converter.distil.figures import Loss, loss_of
from converter.distil.lesson import Lesson
from converter.distil.scale import Scale
from converter.distil.student import Quantised, parity_of
from converter.distil.truth import Answer, answers
from converter.distil.windows import KINDS
from converter.parity import Parity
from converter.windows.window_set import WindowSet
from edge.manifest import Output

EVERY_KIND: Final = "all held-back windows"

_PARITY_WINDOWS: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was found.

    Parameters
    ----------
    losses
        What was lost on held-back windows: on all of them, and on each kind.
    synthetic, labelled
        Where the truth is known: on held-back synthetic subjects, and on labelled windows that were given.
    parity
        What int8 kept of the student's own float.
    """

    losses: tuple[Loss, ...]
    synthetic: tuple[Answer, ...]
    labelled: tuple[Answer, ...]
    parity: Parity

    def row(self, output: Output) -> Output:
        """Copy a teacher's row of the manifest, with the student's own figures; None stands where none was measured."""
        loss = self.losses[0]
        lost = next(row for row in loss.outputs if row.output_id == output.id)
        known = next((answer for answer in self.synthetic if answer.output_id == output.id), None)
        within = known.student_within if known else None
        return output.model_copy(
            update={
                "auroc_pooled": round(known.student.value, 4) if known else None,
                "auroc_within_subject": round(within.value, 4) if within else None,
                "accepted_loss": f"beside its teacher on {loss.n_windows} held-back windows: {lost.in_words()}",
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "losses": [loss.as_json() for loss in self.losses],
            "truth_synthetic": [answer.as_json() for answer in self.synthetic],
            "truth_labelled": [answer.as_json() for answer in self.labelled],
            "float_vs_int8": self.parity.as_json(),
        }


def measure(
    student: Quantised, scale: Scale, held_back: Lesson, labelled: Lesson | None, outputs: Sequence[Output]
) -> Measured:
    """Measure a student.

    Parameters
    ----------
    student, scale
        The student, and the scale of its float network.
    held_back
        What it was not taught.
    labelled
        Windows with the truth; None without.
    outputs
        What the outputs are.
    """
    said = student.logits(held_back.inputs)
    losses = [loss_of(held_back.logits, said, outputs, EVERY_KIND)]
    for kind in KINDS:
        here = held_back.of(kind)
        if here.any():
            losses.append(loss_of(held_back.logits[here], said[here], outputs, kind))
    some = np.linspace(0, len(held_back) - 1, min(len(held_back), _PARITY_WINDOWS)).astype(np.int64)
    windows = WindowSet(held_back.millivolts[some], EVERY_KIND)
    return Measured(
        losses=tuple(losses),
        synthetic=answers(held_back.logits, said, held_back.labels, held_back.subjects, outputs),
        labelled=_on_labelled(student, labelled, outputs) if labelled else (),
        parity=parity_of(student, scale, windows, held_back.inputs[some], outputs),
    )


def _on_labelled(student: Quantised, lesson: Lesson, outputs: Sequence[Output]) -> tuple[Answer, ...]:
    return answers(lesson.logits, student.logits(lesson.inputs), lesson.labels, lesson.subjects, outputs)
