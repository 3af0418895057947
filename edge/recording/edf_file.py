"""European Data Format through the `edfio` package."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import RecordingError, RecordingFault
from edge.recording.source import Recording, choose_channel, millivolts_per_unit
from edge.signal import Scale

try:
    import edfio
except ImportError as error:
    raise RecordingError(
        RecordingFault.NEEDS_EXTRA, "EDF files need the package edfio", advice="pip install 'anyecg-edge[recordings]'"
    ) from error


def open_edf(path: Path, channel: str | None) -> Recording:
    """Open an EDF or continuous EDF+ file; see `edge.recording.open_recording`."""
    with _translated(path):
        edf = edfio.read_edf(path)
        continuous, labels = edf.is_continuous, list(edf.labels)
        per_unit = [millivolts_per_unit(s.physical_dimension) for s in edf.signals]
    if not continuous:
        raise RecordingError(
            RecordingFault.UNREADABLE,
            f"{path.name} is a discontinuous EDF+ file",
            advice="split it into continuous parts",
        )
    index = choose_channel(path.name, labels, [p is not None for p in per_unit], channel)
    with _translated(path):
        signal = edf.signals[index]
        counts, scale = signal.digital, _scale(signal, per_unit[index] or 1.0)
        rate_hz = float(signal.sampling_frequency)

    def read(begin: int, end: int) -> NDArray[np.int32]:
        part: NDArray[np.int32] = counts[begin:end].astype(np.int32)
        return part

    return Recording(
        name=path.name,
        channel=labels[index],
        rate_hz=rate_hz,
        n_samples=int(counts.size),
        scale=scale,
        start_s=_start_s(edf),
        read_counts=read,
    )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn whatever edfio's parser met into an error of ours; it reads parts of the file when they are asked for."""
    try:
        with warnings.catch_warnings():
            # It would play what is left of a truncated file; a recorder that was cut off leaves -1, and is heard.
            warnings.simplefilter("error", UserWarning)
            warnings.filterwarnings("ignore", ".* header indicates -1 data records", UserWarning)
            yield
    except Exception as error:
        raise RecordingError(
            RecordingFault.UNREADABLE,
            f"{path.name} cannot be read as EDF ({type(error).__name__}: {error})",
            advice="check that the file is whole",
        ) from error


def _scale(signal: "edfio.EdfSignal", millivolts: float) -> Scale:
    digital, physical = signal.digital_range, signal.physical_range
    per_count = (physical.max - physical.min) / (digital.max - digital.min)
    return Scale(per_count * millivolts, digital.min - physical.min / per_count, (digital.min, digital.max))


def _start_s(edf: "edfio.Edf") -> float:
    try:
        started: datetime = edf.startdatetime
    except Exception:
        return 0.0
    return started.replace(tzinfo=UTC).timestamp()
