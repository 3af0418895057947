"""Windows with what each output should say of them: the only way to see whether an answer became worse."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault
from converter.windows.sources import NPZ_KEY
from converter.windows.window_set import WindowSet
from edge.preprocess import Preprocessing

LABELS_KEY: Final = "labels"
"""The array of labels beside `converter.windows.sources.NPZ_KEY`: shape (k, n_outputs), 1, 0 or NaN."""


def labelled_windows(source: Path, contract: Preprocessing, n_outputs: int) -> WindowSet:
    """Read windows and labels.

    Parameters
    ----------
    source
        An ``.npz`` with the arrays ``millivolts``, shape (k, window_samples), mV, at the pack's rate, and ``labels``,
        shape (k, n_outputs): 1 for positive, 0 for negative, NaN for not known.
    contract
        Length of the windows.
    n_outputs
        Of the network.

    Raises
    ------
    ConversionError
        If it cannot be read, or the arrays do not have these shapes.
    """
    arrays = _arrays(source)
    missing = [key for key in (NPZ_KEY, LABELS_KEY) if key not in arrays]
    if missing:
        raise _refused(source, f"has no array {' and no array '.join(missing)}, but {', '.join(arrays) or 'nothing'}")
    millivolts, labels = arrays[NPZ_KEY], arrays[LABELS_KEY]
    if millivolts.dtype.kind not in "fiu" or millivolts.shape[1:] != (contract.window_samples,):
        raise _refused(
            source, f"has {NPZ_KEY} {millivolts.dtype}{millivolts.shape}, (k, {contract.window_samples}) is read"
        )
    if labels.dtype.kind not in "fiub" or labels.shape != (len(millivolts), n_outputs):
        raise _refused(
            source, f"has {LABELS_KEY} {labels.dtype}{labels.shape}, ({len(millivolts)}, {n_outputs}) is read"
        )
    if not np.isin(labels[~np.isnan(labels)], (0, 1)).all():
        raise _refused(source, f"has {LABELS_KEY} other than 0, 1 and NaN")
    values = labels.astype(np.float32)
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        windows = millivolts.astype(np.float32)
    return WindowSet(windows, f"{source.name}, {len(values)} windows with labels", values)


def _arrays(source: Path) -> dict[str, NDArray[Any]]:
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # whatever the parsers of zip files and array headers met
        raise _refused(source, f"cannot be read as .npz ({type(error).__name__}: {error})") from error


def _refused(source: Path, why: str) -> ConversionError:
    return ConversionError(
        ConversionFault.BAD_LABELS,
        f"{source.name} {why}",
        advice=f"save windows in millivolts as {NPZ_KEY} and a row of 0, 1 or NaN for each as {LABELS_KEY}",
    )
