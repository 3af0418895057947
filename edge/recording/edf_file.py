"""European Data Format through the `edfio` package."""

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
    try:
        edf = edfio.read_edf(path)
        continuous = edf.is_continuous
    except Exception as error:  # edfio raises whatever its parser met
        raise RecordingError(
            RecordingFault.UNREADABLE,
            f"{path.name} cannot be read as EDF ({type(error).__name__}: {error})",
            advice="check that the file is whole",
        ) from error
    if not continuous:
        raise RecordingError(
            RecordingFault.UNREADABLE,
            f"{path.name} is a discontinuous EDF+ file",
            advice="split it into continuous parts",
        )
    per_unit = [millivolts_per_unit(s.physical_dimension) for s in edf.signals]
    index = choose_channel(path.name, list(edf.labels), [p is not None for p in per_unit], channel)
    signal, millivolts = edf.signals[index], per_unit[index] or 1.0
    digital, physical = signal.digital_range, signal.physical_range
    per_count = (physical.max - physical.min) / (digital.max - digital.min)
    counts = signal.digital

    def read(begin: int, end: int) -> NDArray[np.int32]:
        part: NDArray[np.int32] = counts[begin:end].astype(np.int32)
        return part

    return Recording(
        name=path.name,
        channel=signal.label,
        rate_hz=float(signal.sampling_frequency),
        n_samples=int(counts.size),
        scale=Scale(per_count * millivolts, digital.min - physical.min / per_count, (digital.min, digital.max)),
        start_s=_start_s(edf),
        read_counts=read,
    )


def _start_s(edf: "edfio.Edf") -> float:
    try:
        started: datetime = edf.startdatetime
    except Exception:
        return 0.0
    return started.replace(tzinfo=UTC).timestamp()
