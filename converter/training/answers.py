"""How well a network answers the synthetic questions, and what a file of labels says of each."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from converter.auroc import auroc
from converter.training.data import OUTPUTS
from converter.training.evaluate import youden_threshold
from converter.training.questions import Question

Logits = NDArray[np.float32]
Answers = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Answered:
    """One output of the network.

    Parameters
    ----------
    id
        For machines.
    question
        What it answers.
    prevalence
        Share of positives in training.
    threshold
        Probability from which on the answer is yes: Youden's, on validation; 0.5 where that holds one answer only.
    auroc, auroc_stressed
        On test, of the trained and of the ill-conditioned head; None where that holds one answer only.
    """

    id: str
    question: Question
    prevalence: float
    threshold: float
    auroc: float | None
    auroc_stressed: float | None

    def row(self) -> dict[str, Any]:
        """Give a row ready to be written as JSON."""
        row = asdict(self)
        return {"id": row.pop("id"), **row.pop("question"), **row}


def evaluate(
    questions: Sequence[Question],
    prevalences: Sequence[float],
    validation: tuple[Logits, Answers],
    test: tuple[Logits, Answers],
    stressed: Logits,
) -> tuple[Answered, ...]:
    """Set thresholds on validation and measure on test.

    Parameters
    ----------
    questions, prevalences
        Of each output.
    validation, test
        Logits and labels, both of shape (n, n_outputs).
    stressed
        Logits of the test windows with the ill-conditioned head.
    """
    probabilities = expit(validation[0].astype(np.float64))
    return tuple(
        Answered(
            id=f"synthetic_{i:03d}",
            question=question,
            prevalence=prevalence,
            threshold=_threshold(probabilities[:, i], validation[1][:, i]),
            auroc=_auroc(test[0][:, i], test[1][:, i]),
            auroc_stressed=_auroc(stressed[:, i], test[1][:, i]),
        )
        for i, (question, prevalence) in enumerate(zip(questions, prevalences, strict=True))
    )


def summary(values: Sequence[float | None]) -> dict[str, float]:
    """Median, least and largest of those that were measured; empty where none was."""
    found = [value for value in values if value is not None]
    return {"median": float(np.median(found)), "min": min(found), "max": max(found)} if found else {}


def label_rows(outputs: Sequence[Answered]) -> Iterator[dict[str, str]]:
    """Give the rows of a file of labels: LOINC codes are lent by the demonstration's outputs, and mean nothing."""
    for i, output in enumerate(outputs):
        lender = OUTPUTS[i % len(OUTPUTS)]
        yield {
            "id": output.id,
            "name": f"SYNTHETIC question {i}, not about {lender.name[0].lower()}{lender.name[1:]}",
            "loinc": lender.loinc,
            "direction": lender.direction,
            "unit": lender.unit,
            "low": "",
            "high": "",
            lender.direction: f"{lender.limit:g}",
            "threshold": f"{min(max(output.threshold, 1e-6), 1.0 - 1e-6):.6f}",
            "prevalence": f"{output.prevalence:.4f}",
        }


def _threshold(probabilities: NDArray[np.float64], labels: Answers) -> float:
    positive = labels > 0
    return youden_threshold(probabilities, positive) if positive.any() and not positive.all() else 0.5


def _auroc(logits: Logits, labels: Answers) -> float | None:
    value = auroc(logits.astype(np.float64), labels > 0)
    return None if np.isnan(value) else value
