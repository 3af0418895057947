"""Checkpoints of Net1D: read without running anything from them, and refused unless every weight is in its place."""

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.ecgfounder.net1d import Net1DConfig, Weights
from converter.errors import ConversionError, ConversionFault

_BATCH_NORM: Final = re.compile(r"(^|\.)(first_bn|bn[123])\.")
"""In every published state dict, and never applied: the reference model runs with ``use_bn=False``."""

_LARGEST: Final = float(np.finfo(np.float32).max)


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
        given = {k: np.asarray(v) for k, v in state.items() if not _BATCH_NORM.search(k)}
        config = Net1DConfig.of_weights(given)
        shapes = config.parameter_shapes()
        advice = "give the state dict of a single-lead Net1D as ECGFounder saves it"
        for key in sorted(shapes.keys() - given.keys()):
            raise ConversionError(ConversionFault.MISSING_WEIGHTS, f"the checkpoint has no {key}", advice=advice)
        for key in sorted(given.keys() - shapes.keys()):
            raise ConversionError(
                ConversionFault.UNEXPECTED_WEIGHTS, f"the checkpoint has {key}, which Net1D has not", advice=advice
            )
        for key, shape in shapes.items():
            if given[key].shape != shape:
                raise ConversionError(
                    ConversionFault.WRONG_SHAPE, f"{key} has shape {given[key].shape}, not {shape}", advice=advice
                )
            if given[key].dtype.kind not in "fiu" or not (np.abs(given[key]) <= _LARGEST).all():
                raise ConversionError(
                    ConversionFault.NOT_FINITE, f"{key} holds values that are not finite", advice="train it again"
                )
        return cls(config, {key: given[key].astype(np.float32) for key in shapes})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a ``.npz`` state dict.

    Raises
    ------
    ConversionError
        If it cannot be read, or is not that of a Net1D; see `Checkpoint.of_state_dict`.
    """
    try:
        with path.open("rb") as file:
            state = _arrays(file)
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise ConversionError(
            ConversionFault.UNREADABLE_CHECKPOINT,
            f"{path} cannot be read as an .npz of weights ({error})",
            advice="save the state dict with numpy.savez",
        ) from error
    return Checkpoint.of_state_dict(state)


def _arrays(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    loaded = np.load(file, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise ValueError("a single array")  # noqa: TRY004 - the file is wrong, not an argument
    with loaded:
        return {key: loaded[key] for key in loaded.files}
