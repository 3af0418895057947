"""The loss of a network that says something else than is known: minus the logarithm of what it gives to that set."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from converter.training.waves.targets import (
    BEAT_WEIGHTS,
    BEATS_ALLOWED,
    GRADES_ALLOWED,
    RHYTHMS_ALLOWED,
    SEGMENTS_ALLOWED,
    Codes,
    Targets,
)
from edge.waves.track import GRADE_EDGE, SAID, STEP_SAMPLES, Segment


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each thing that is said counts."""

    segments: float = 1.0
    beats: float = 1.0
    rhythms: float = 0.15
    grades: float = 0.15


DEFAULT_WEIGHTS: Final = Weights()


def loss_of(logits: Tensor, targets: Targets, weights: Weights = DEFAULT_WEIGHTS) -> Tensor:
    """Mean loss of logits, float32, shape (n, n_steps, N_OUTPUTS)."""
    n, n_steps, _ = logits.shape
    segments, beats, rhythms, grades = torch.split(logits, SAID, dim=-1)
    segments = segments.reshape(n, n_steps * STEP_SAMPLES, len(Segment) - 1)
    return (
        weights.segments * _loss(_log_softmax(segments), targets.segments, SEGMENTS_ALLOWED)
        + weights.beats * _loss(_log_softmax(beats), targets.beats, BEATS_ALLOWED, BEAT_WEIGHTS)
        + weights.rhythms * _loss(_log_softmax(rhythms), targets.rhythms, RHYTHMS_ALLOWED)
        + weights.grades * _loss(_log_grades(grades), targets.grades, GRADES_ALLOWED)
    )


def _log_softmax(logits: Tensor) -> Tensor:
    """Log probabilities where the first answer's logit, 0, is left out."""
    return torch.log_softmax(functional.pad(logits, (1, 0)), dim=-1)


def _log_grades(place: Tensor) -> Tensor:
    good, bad = torch.sigmoid(place - GRADE_EDGE), torch.sigmoid(-place - GRADE_EDGE)
    return torch.log(torch.cat([good, 1.0 - good - bad, bad], dim=-1).clamp_min(1e-6))


def _loss(
    log_p: Tensor, codes: Codes, allowed: NDArray[np.float32], code_weights: tuple[float, ...] | None = None
) -> Tensor:
    code = torch.from_numpy(codes.astype(np.int64)).reshape(-1)
    barred = (1.0 - torch.from_numpy(allowed)) * -1e4
    surprise = -torch.logsumexp(log_p.reshape(-1, log_p.shape[-1]) + barred[code], dim=-1)
    if code_weights is not None:
        surprise = surprise * torch.tensor(code_weights)[code]
    return surprise.mean()
