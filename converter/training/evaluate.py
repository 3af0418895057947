"""How well scores tell windows apart: over all subjects, and within each, with intervals by subject.

A pooled AUROC may rest on telling persons apart. Within one person only the change of the blood is left, so
pairs of windows of the same subject are counted by themselves. Windows of a subject are not independent:
intervals come from drawing whole subjects again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from converter.auroc import auroc

Scores: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.bool_]
Subjects: TypeAlias = NDArray[np.int64]

N_RESAMPLES: Final = 400
SLOPE_LIMITS: Final = (0.25, 4.0)
"""Of a calibration: a score without information keeps its order and is not flattened to a constant."""


@dataclass(frozen=True, slots=True)
class Auroc:
    """Area under the receiver operating characteristic with its 95 % interval, by subject; NaN without any pair."""

    value: float
    low: float
    high: float


def pooled(scores: Scores, labels: Labels, subjects: Subjects, *, seed: int = 0) -> Auroc:
    """AUROC over all pairs of windows; arrays of shape (n,)."""
    who, row = np.unique(subjects, return_inverse=True)
    return _with_interval(lambda times: auroc(scores, labels, times[row].astype(np.float64)), len(who), seed)


def within_subject(scores: Scores, labels: Labels, subjects: Subjects, *, seed: int = 0) -> Auroc:
    """AUROC over the pairs of windows of the same subject; arrays of shape (n,)."""
    who = np.unique(subjects)
    pairs, won = np.zeros(len(who)), np.zeros(len(who))
    for i, subject in enumerate(who):
        of_subject = subjects == subject
        pairs[i] = float(labels[of_subject].sum()) * float((~labels[of_subject]).sum())
        won[i] = pairs[i] * auroc(scores[of_subject], labels[of_subject]) if pairs[i] else 0.0

    def measure(times: NDArray[np.int64]) -> float:
        total = float((times * pairs).sum())
        return float((times * won).sum()) / total if total else float("nan")

    return _with_interval(measure, len(who), seed)


def _with_interval(measure: Callable[[NDArray[np.int64]], float], n_subjects: int, seed: int) -> Auroc:
    """Measure with each subject once, and with subjects drawn with replacement."""
    random = np.random.default_rng(seed)
    each = np.full(n_subjects, 1.0 / n_subjects)
    drawn = [measure(random.multinomial(n_subjects, each)) for _ in range(N_RESAMPLES)]
    drawn = [value for value in drawn if np.isfinite(value)] or [float("nan")]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Auroc(measure(np.ones(n_subjects, np.int64)), float(low), float(high))


def mean_by(values: Scores, groups: NDArray[np.int64]) -> Scores:
    """Mean of each group, shape (n_groups,), groups ascending; `groups` has shape (n,) or, for joint keys, (n, m)."""
    _, group = np.unique(groups, axis=0, return_inverse=True)
    return np.asarray(np.bincount(group.ravel(), values) / np.bincount(group.ravel()), np.float64)


def calibrate(logits: Scores, labels: Labels) -> tuple[float, float]:
    """Fit Platt's scaling: ``sigmoid(slope * logit + offset)`` as the probability of a positive.

    Parameters
    ----------
    logits, labels
        Shape (n,), of subjects the network was not trained on.

    Returns
    -------
    tuple
        Slope, within `SLOPE_LIMITS`, and offset.
    """
    target = labels.astype(np.float64)

    def loss(parameters: Scores) -> tuple[float, Scores]:
        scaled = parameters[0] * logits + parameters[1]
        error = expit(scaled) - target
        value = np.logaddexp(0.0, scaled) - target * scaled
        return float(value.mean()), np.array([(error * logits).mean(), error.mean()])

    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=[SLOPE_LIMITS, (-10.0, 10.0)]).x
    return float(fitted[0]), float(fitted[1])


def youden_threshold(probabilities: Scores, labels: Labels) -> float:
    """Probability at which sensitivity plus specificity is largest; arrays of shape (n,)."""
    candidates = np.unique(probabilities)
    positive, negative = np.sort(probabilities[labels]), np.sort(probabilities[~labels])
    sensitivity = 1.0 - np.searchsorted(positive, candidates) / len(positive)
    specificity = np.searchsorted(negative, candidates) / len(negative)
    return float(candidates[np.argmax(sensitivity + specificity)])
