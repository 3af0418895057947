"""Training of a network on a CPU: masked cross-entropy, the waves as a second task, one learning-rate cycle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from converter.training.data import Dataset
from converter.training.network import Block, Net1D, SameConv


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch_size
        Passes over the examples; windows in each step.
    learning_rate, weight_decay
        Peak of the cycle; AdamW's decay, which also keeps activations small for int8.
    wave_weight
        Weight of the second task: the waves of the truth, each standardised, from the same features. It
        teaches the network to read intervals and amplitudes; its layer is dropped afterwards.
    range_limit, range_weight
        Convolutions, blocks and logits are kept near plus or minus the limit by the mean square of what lies
        beyond, weighted: an int8 step is a 255th of the whole range, so rare large values cost the small ones.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    wave_weight: float = 0.5
    range_limit: float = 6.0
    range_weight: float = 0.02


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the examples came to; losses are means over windows."""

    number: int
    training_loss: float
    wave_loss: float
    validation_loss: float
    wall_s: float


def masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean binary cross-entropy over the labels that are not NaN; shapes (n, n_outputs)."""
    measured = ~torch.isnan(labels)
    loss: Tensor = functional.binary_cross_entropy_with_logits(logits[measured], labels[measured])
    return loss


class _Excess:
    """Sum, over all layers of one pass, of the mean square of what lies beyond a limit."""

    def __init__(self, network: Net1D, limit: float) -> None:
        self._limit = limit
        self._terms: list[Tensor] = []
        layers = [m for m in network.modules() if isinstance(m, SameConv | Block) or m is network.dense]
        self._hooks = [layer.register_forward_hook(self._note) for layer in layers]

    def _note(self, _layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if output.requires_grad:
            self._terms.append((output - output.clamp(-self._limit, self._limit)).square().mean())

    def take(self) -> Tensor:
        """Give the sum, and begin again."""
        total, self._terms = torch.stack(self._terms).sum(), []
        return total

    def remove(self) -> None:
        """Leave the network."""
        for hook in self._hooks:
            hook.remove()


def fit(
    network: Net1D,
    training: Dataset,
    validation: Dataset,
    recipe: Recipe,
    *,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Epoch]:
    """Train a network in place.

    Parameters
    ----------
    network
        Trained in place.
    training, validation
        Of different subjects.
    recipe
        How.
    seed
        Of the order of the windows and of the second task's layer.
    advance
        Told the number of windows after each step.

    Yields
    ------
    Epoch
        After each pass.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    mean, deviation = training.waves.mean(axis=0), training.waves.std(axis=0)
    waves = torch.from_numpy((training.waves - mean) / deviation)
    wave_layer = nn.Linear(network.dense.in_features, waves.shape[1])
    parameters = [*network.parameters(), *wave_layer.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = -(-len(training) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.epochs * steps, pct_start=0.15
    )
    excess = _Excess(network, recipe.range_limit)
    inputs, labels = torch.from_numpy(training.inputs), torch.from_numpy(training.labels)
    for number in range(1, recipe.epochs + 1):
        started, losses = perf_counter(), []
        network.train()
        for rows in np.array_split(random.permutation(len(training)), steps):
            features = network.features(inputs[rows])
            loss = masked_cross_entropy(network.dense(features), labels[rows])
            wave_loss = functional.smooth_l1_loss(wave_layer(features), waves[rows])
            optimiser.zero_grad()
            (loss + recipe.wave_weight * wave_loss + recipe.range_weight * excess.take()).backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            losses.append((loss.item(), wave_loss.item()))
            advance(len(rows))
        training_loss, mean_wave_loss = np.mean(losses, axis=0).tolist()
        checked = torch.from_numpy(logits_of(network, validation.inputs))
        validation_loss = masked_cross_entropy(checked, torch.from_numpy(validation.labels)).item()
        yield Epoch(number, training_loss, mean_wave_loss, validation_loss, perf_counter() - started)
    excess.remove()


def logits_of(network: Net1D, inputs: NDArray[np.float32], batch_size: int = 256) -> NDArray[np.float32]:
    """Logits of windows, float32, shape (n, n_outputs)."""
    network.eval()
    with torch.inference_mode():
        batches = [network(torch.from_numpy(inputs[i : i + batch_size])) for i in range(0, len(inputs), batch_size)]
    return np.asarray(torch.cat(batches).numpy(), np.float32)
