"""Checkpoints of Net1D: refused unless every weight is in its place, and what was left aside is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.ecgfounder.net1d import Net1DConfig, Weights
from converter.ecgfounder.state_dict import read_state_dict
from converter.errors import ConversionError, ConversionFault

_BLOCK: Final = r"stage_list\.(0|[1-9][0-9]{0,2})\.block_list\.(0|[1-9][0-9]{0,2})\."
_WEIGHT: Final = re.compile(
    rf"(?:first_conv\.conv|dense|{_BLOCK}(?:conv[123]\.conv|se_fc[12]))\.(?:weight|bias)", re.ASCII
)
_BATCH_NORM: Final = re.compile(
    rf"(?:first_bn|{_BLOCK}bn[123])\.(weight|bias|running_mean|running_var|num_batches_tracked)", re.ASCII
)
"""In every published state dict, and never applied: the reference model runs with ``use_bn=False``."""
_UNTOUCHED: Final = {"running_mean": 0.0, "running_var": 1.0, "num_batches_tracked": 0.0}
"""Statistics of a batch normalisation through which nothing was ever trained."""
_PREFIX: Final = "module."
"""Of every name where the network was saved inside a parallel wrapper."""

_ADVICE: Final = "give the state dict of a single-lead Net1D as ECGFounder saves it"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A Net1D with its weights; every weight is there, of its shape, float32 and finite.

    Parameters
    ----------
    config, weights
        The network as it is emitted: without batch normalisation.
    ignored
        Names of batch-normalisation entries that were there and are left aside, sorted.
    batch_norm_trained
        True where the statistics among them are those of a training that used them: the network may then have been
        made with ``use_bn=True``, which no shape shows, and without it would compute something else.
    """

    config: Net1DConfig
    weights: Weights
    ignored: tuple[str, ...] = ()
    batch_norm_trained: bool = False

    @classmethod
    def of_state_dict(cls, state: Mapping[str, NDArray[Any]], *, n_outputs: int | None = None) -> "Checkpoint":
        """Check a state dict and read its configuration.

        Parameters
        ----------
        state
            Weights by the names of the reference implementation, all of them with ``module.`` in front or none.
        n_outputs
            How many outputs the head must have; None takes any.

        Raises
        ------
        ConversionError
            Naming the first weight that is missing, unexpected, of another shape, or not finite.
        """
        named = {key: np.asarray(values) for key, values in _without_prefix(state).items()}
        norms = {key: values for key, values in named.items() if _BATCH_NORM.fullmatch(key)}
        given = {key: values for key, values in named.items() if key not in norms}
        _check_names(given)
        _check_skeleton(given, n_outputs)
        config = Net1DConfig.of_weights(given)
        shapes = config.parameter_shapes()
        for key in sorted(shapes.keys() - given.keys()):
            raise ConversionError(ConversionFault.MISSING_WEIGHTS, f"the checkpoint has no {key}", advice=_ADVICE)
        for key, shape in shapes.items():
            if given[key].shape != shape:
                raise _wrong_shape(key, given[key].shape, f"{shape}")
        weights = {key: _single_precision(key, given[key]) for key in shapes}
        trained = any(_is_trained(key, values) for key, values in norms.items())
        return cls(config, weights, tuple(sorted(norms)), trained)


def read_checkpoint(path: Path, *, n_outputs: int | None = None) -> Checkpoint:
    """Read a ``.npz``, ``.safetensors``, ``.pth`` or ``.pt`` checkpoint.

    Raises
    ------
    ConversionError
        If it cannot be read, or is not that of a Net1D; see `read_state_dict` and `Checkpoint.of_state_dict`.
    """
    return Checkpoint.of_state_dict(read_state_dict(path), n_outputs=n_outputs)


def _without_prefix(state: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    if not all(key.startswith(_PREFIX) for key in state):
        return state
    return {key.removeprefix(_PREFIX): values for key, values in state.items()}


def _check_names(given: Mapping[str, NDArray[Any]]) -> None:
    for key in sorted(given):
        if not _WEIGHT.fullmatch(key):
            raise ConversionError(
                ConversionFault.UNEXPECTED_WEIGHTS, f"the checkpoint has {key!r}, which Net1D has not", advice=_ADVICE
            )


def _check_skeleton(given: Mapping[str, NDArray[Any]], n_outputs: int | None) -> None:
    """Refuse a state dict without the weights whose shapes are the configuration."""
    stages: dict[int, set[int]] = {0: {0}}
    for place in filter(None, map(_WEIGHT.fullmatch, given)):
        if place[1] is not None:
            stages.setdefault(int(place[1]), set()).add(int(place[2]))
    grouped = [f"stage_list.{i}.block_list.{j}.conv2.conv.weight"
               for i in range(len(stages)) for j in range(len(stages.get(i, {0})))]  # fmt: skip
    for key in ("first_conv.conv.weight", *grouped):
        if key not in given:
            raise ConversionError(ConversionFault.MISSING_WEIGHTS, f"the checkpoint has no {key}", advice=_ADVICE)
        if given[key].ndim != 3:  # noqa: PLR2004 - a convolution
            raise _wrong_shape(key, given[key].shape, "(out, in / groups, kernel)")
    filters, leads, kernel = given["first_conv.conv.weight"].shape
    if leads != 1:
        raise _wrong_shape("first_conv.conv.weight", (filters, leads, kernel), f"{(filters, 1, kernel)}, a single lead")
    _check_head(given.get("dense.weight"), given[grouped[-1]].shape[0], n_outputs)


def _check_head(head: NDArray[Any] | None, width: int, n_outputs: int | None) -> None:
    wanted = f"({'n_outputs' if n_outputs is None else n_outputs}, {width})"
    if head is None:
        raise ConversionError(
            ConversionFault.MISSING_WEIGHTS,
            f"the checkpoint has no dense.weight of shape {wanted}: it is a backbone without a head",
            advice="give a whole fine-tuned Net1D, its head included",
        )
    if head.ndim != 2:  # noqa: PLR2004 - a linear layer
        raise _wrong_shape("dense.weight", head.shape, wanted)
    if n_outputs is not None and len(head) != n_outputs:
        raise ConversionError(
            ConversionFault.HEAD_MISMATCH,
            f"dense.weight has shape {head.shape}, not {wanted}, which {n_outputs} labels need",
            advice="give one row of labels for each output, in the head's order",
        )


def _wrong_shape(key: str, shape: tuple[int, ...], wanted: str) -> ConversionError:
    return ConversionError(ConversionFault.WRONG_SHAPE, f"{key} has shape {shape}, not {wanted}", advice=_ADVICE)


def _single_precision(key: str, values: NDArray[Any]) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiu":
        raise ConversionError(
            ConversionFault.NOT_FINITE, f"{key} holds {values.dtype}, not real numbers", advice=_ADVICE
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        single = values.astype(np.float32)
    if not np.isfinite(single).all():
        raise ConversionError(
            ConversionFault.NOT_FINITE, f"{key} holds values that are not finite", advice="train it again"
        )
    return single


def _is_trained(key: str, values: NDArray[Any]) -> bool:
    untouched = _UNTOUCHED.get(key.rpartition(".")[2])
    return untouched is not None and not (values.dtype.kind in "fiu" and (values == untouched).all())
