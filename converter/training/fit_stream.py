"""Training on examples that are made as they are needed: no window is ever seen twice, and time may set the length."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converter.training.fit import masked_cross_entropy
from converter.training.network import Net1D
from converter.training.questions import Examples


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast a network learns: a plain fine-tune, nothing of which is meant to please int8.

    Parameters
    ----------
    steps, minutes
        Length of the training, by the one or the other; None for the other.
    batch_size
        Windows in each step.
    learning_rate, weight_decay
        Of AdamW: after `warm_up` steps of rising at the peak, then along a cosine down to nothing.
    warm_up
        Steps.
    """

    steps: int | None
    minutes: float | None
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warm_up: int = 12

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("a course is so many steps or so many minutes long")

    def share(self, steps_done: int, elapsed_s: float) -> float:
        """Share of the course that lies behind, from 0 to 1 and beyond."""
        # By the clock, not by a speed measured at first: on a shared machine that may change twentyfold.
        return elapsed_s / (60.0 * self.minutes) if self.minutes is not None else steps_done / (self.steps or 1)

    def rate(self, steps_done: int, share: float) -> float:
        """Learning rate of the next step."""
        return self.learning_rate * min(1.0, (steps_done + 1) / self.warm_up) * 0.5 * (1.0 + cos(pi * share))


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step.

    Parameters
    ----------
    number
        Which, the first being 1.
    share
        Of the course that lies behind with it, 1 at its end.
    loss
        Mean cross-entropy before the step.
    positives
        Positive labels of each output, shape (n_outputs,).
    """

    number: int
    share: float
    loss: float
    positives: NDArray[np.int64]


def optimiser_of(network: Net1D, course: Course) -> torch.optim.AdamW:
    """Make the optimiser of a course."""
    return torch.optim.AdamW(network.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay)


def fit_stream(
    network: Net1D, optimiser: torch.optim.AdamW, batches: Iterator[Examples], course: Course
) -> Iterator[Step]:
    """Train a network in place, on the device where it is.

    Parameters
    ----------
    network, optimiser
        Changed in place.
    batches
        As many as the course takes, at least.
    course
        How long and how fast.

    Yields
    ------
    Step
        After each. A course of so many steps, on as many threads, comes to the same again; one of minutes does not.
    """
    device = network.dense.weight.device
    began, number, share = perf_counter(), 0, 0.0
    network.train()
    while share < 1.0:
        for group in optimiser.param_groups:
            group["lr"] = course.rate(number, share)
        examples = next(batches)
        inputs, labels = torch.from_numpy(examples.inputs), torch.from_numpy(examples.labels.astype(np.float32))
        loss = masked_cross_entropy(network(inputs.to(device)), labels.to(device))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        number += 1
        share = course.share(number, perf_counter() - began)
        yield Step(number, share, loss.item(), examples.labels.sum(axis=0, dtype=np.int64))
