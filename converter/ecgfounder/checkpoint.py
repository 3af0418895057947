"""Checkpoints of Net1D: read without running anything from them, and refused unless every weight is in its place."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from converter.ecgfounder.net1d import Net1DConfig, Weights
from converter.errors import ConversionError, ConversionFault

_BATCH_NORM: Final = re.compile(r"(^|\.)(first_bn|bn[123])\.")
"""In every published state dict, and never applied: the reference model runs with ``use_bn=False``."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Net1D with its weights; every weight is there, of its shape, float32 and finite."""

    config: Net1DConfig
    weights: Weights

    @classmethod
    def of_state_dict(cls, state: Weights) -> "Checkpoint":
        """Check a state dict and read its configuration.

        Raises
        ------
        ConversionError
            Naming the first weight that is missing, unexpected, of another shape, or not finite.
        """
        weights = {k: np.asarray(v, np.float32) for k, v in state.items() if not _BATCH_NORM.search(k)}
        config = Net1DConfig.of_weights(weights)
        shapes = config.parameter_shapes()
        advice = "give the state dict of a single-lead Net1D as ECGFounder saves it"
        for key in shapes.keys() - weights.keys():
            raise ConversionError(ConversionFault.MISSING_WEIGHTS, f"the checkpoint has no {key}", advice=advice)
        for key in weights.keys() - shapes.keys():
            raise ConversionError(
                ConversionFault.UNEXPECTED_WEIGHTS, f"the checkpoint has {key}, which Net1D has not", advice=advice
            )
        for key, shape in shapes.items():
            if weights[key].shape != shape:
                raise ConversionError(
                    ConversionFault.WRONG_SHAPE, f"{key} has shape {weights[key].shape}, not {shape}", advice=advice
                )
            if not np.isfinite(weights[key]).all():
                raise ConversionError(
                    ConversionFault.NOT_FINITE, f"{key} holds values that are not finite", advice="train it again"
                )
        return cls(config, weights)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a ``.npz`` state dict.

    Raises
    ------
    ConversionError
        If it cannot be read, or is not that of a Net1D; see `Checkpoint.of_state_dict`.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            state = {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConversionError(
            ConversionFault.UNREADABLE_CHECKPOINT,
            f"{path} cannot be read as an .npz of weights ({error})",
            advice="save the state dict with numpy.savez",
        ) from error
    return Checkpoint.of_state_dict(state)
