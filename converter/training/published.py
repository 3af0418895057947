"""Checkpoints in the shape in which ECGFounder is published: batch normalisation in the file, and never applied."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from converter.ecgfounder.net1d import Net1DConfig
from converter.training.network import Net1D


def published_state_dict(network: Net1D, config: Net1DConfig) -> dict[str, Tensor]:
    """Give a network's weights, with untouched batch normalisations beside them.

    Parameters
    ----------
    network
        Whose weights.
    config
        Its shape.

    Returns
    -------
    dict
        The names of ``net1d.py`` in PKUDigitalHealth/ECGFounder (commit 04edac7): its ``first_bn`` and each block's
        ``bn1`` to ``bn3`` are made even where ``use_bn=False`` leaves them without use.
    """
    state = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
    state |= _batch_norm("first_bn", config.base_filters)
    for block in config.blocks():
        for name, channels in (("bn1", block.in_channels), ("bn2", block.out_channels), ("bn3", block.out_channels)):
            state |= _batch_norm(f"{block.prefix}{name}", channels)
    return state


def save_published(path: Path, state: dict[str, Tensor], **beside: Any) -> None:
    """Write a ``.pth`` with ``state_dict`` and whatever a training script keeps beside it."""
    torch.save({"state_dict": state, **beside}, path)


def ridge_head(
    features: NDArray[np.float32], labels: NDArray[np.uint8], *, ridge: float = 1e-7
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit a linear head by least squares that hardly resists large weights: a hard case for a conversion to int8.

    Parameters
    ----------
    features
        What the head reads, shape (n, width). Features of a brief training nearly repeat each other, so the
        smallest differences between them are blown up.
    labels
        0 or 1, shape (n, n_outputs).
    ridge
        Penalty, as a share of the features' mean variance.

    Returns
    -------
    tuple
        Weights, shape (n_outputs, width), and biases, shape (n_outputs,): logits of 2 for a positive and -2 for a
        negative, as nearly as a plane comes.
    """
    x, y = features.astype(np.float64), 4.0 * labels - 2.0
    centred, mean = x - x.mean(axis=0), y.mean(axis=0)
    covariance = centred.T @ centred / len(x)
    penalty = ridge * np.trace(covariance) / len(covariance)
    weights = np.linalg.solve(covariance + penalty * np.eye(len(covariance)), centred.T @ (y - mean) / len(x)).T
    return weights.astype(np.float32), (mean - weights @ x.mean(axis=0)).astype(np.float32)


def _batch_norm(name: str, channels: int) -> dict[str, Tensor]:
    return {
        f"{name}.weight": torch.ones(channels),
        f"{name}.bias": torch.zeros(channels),
        f"{name}.running_mean": torch.zeros(channels),
        f"{name}.running_var": torch.ones(channels),
        f"{name}.num_batches_tracked": torch.tensor(0),
    }
