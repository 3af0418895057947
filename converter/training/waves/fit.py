"""Fitting of the waves network: one learning-rate cycle, bfloat16 arithmetic, averaged weights."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi
from typing import Final

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from converter.training.waves.examples import Examples
from converter.training.waves.loss import DEFAULT_WEIGHTS, Weights, loss_of
from converter.training.waves.network import WaveNet

_EMA: Final = 0.998
_AHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class Course:
    """How a network learns.

    Parameters
    ----------
    steps
        Batches.
    learning_rate
        At its peak, after `warm_up` steps; then along a cosine down to nothing.
    weight_decay
        Of AdamW.
    warm_up
        Steps.
    weights
        How much each thing that is said counts.
    """

    steps: int
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    warm_up: int = 100
    weights: Weights = DEFAULT_WEIGHTS

    def rate(self, step: int) -> float:
        """Learning rate of a step, from 0 on."""
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * 0.5 * (1.0 + cos(pi * step / self.steps))


def fit(
    network: WaveNet, batch: Callable[[int], Examples], course: Course, *, advance: Callable[[float], None]
) -> WaveNet:
    """Train a network.

    Parameters
    ----------
    network
        Changed in place.
    batch
        Makes the batch of a step; called from one thread, in order.
    course
        How long and how fast.
    advance
        Told the loss of each step.

    Returns
    -------
    WaveNet
        The average of the weights over the last few hundred steps.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_EMA), use_buffers=True)
    network.train()
    for step, examples in enumerate(_ahead(batch, course.steps)):
        for group in optimiser.param_groups:
            group["lr"] = course.rate(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(torch.from_numpy(examples.inputs))
        loss = loss_of(logits.float(), examples.targets, course.weights)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(network)
        advance(float(loss.detach()))
    result: WaveNet = averaged.module
    return result.eval()


def _ahead(batch: Callable[[int], Examples], steps: int) -> Iterator[Examples]:
    """Make batches in a thread of their own, a few ahead of those that learn from them."""
    made: queue.Queue[Examples | BaseException] = queue.Queue(_AHEAD)

    def make() -> None:
        try:
            for step in range(steps):
                made.put(batch(step))
        except BaseException as error:
            made.put(error)

    threading.Thread(target=make, daemon=True).start()
    for _ in range(steps):
        examples = made.get()
        if isinstance(examples, BaseException):
            raise examples
        yield examples
