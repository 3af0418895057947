"""WFDB records (PhysioNet) through the `wfdb` package."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import RecordingError, RecordingFault
from edge.recording.source import (
    INVALID_COUNT,
    TENTH_MICROVOLT,
    Recording,
    choose_channel,
    counts_of_millivolts,
    millivolts_per_unit,
)
from edge.signal import Scale

try:
    import wfdb
except ImportError as error:
    raise RecordingError(
        RecordingFault.NEEDS_EXTRA,
        "WFDB records need the package wfdb",
        advice="pip install 'anyecg-edge[recordings]'",
    ) from error

_INVALID_BY_FORMAT: Final = {
    "80": -128, "212": -2048, "310": -512, "311": -512,
    "16": -32768, "61": -32768, "160": -32768, "24": -8388608, "32": -2147483648,
}  # fmt: skip
"""The count that means "not measured", by storage format (WFDB, signal(5))."""


def open_record(record: Path, channel: str | None) -> Recording:
    """Open the WFDB record named without an extension; see `edge.recording.open_recording`."""
    name = record.name
    with _translated(name):
        header = wfdb.rdheader(str(record))
        layout = header
        if isinstance(header, wfdb.MultiRecord):
            segments = wfdb.rdheader(str(record), rd_segments=True).segments
            layout = next(s for s in segments if s is not None and s.sig_name)
        names = [given or f"signal {i}" for i, given in enumerate(layout.sig_name or [])]
        per_unit = [millivolts_per_unit(unit or "mV") for unit in layout.units or []]
    index = choose_channel(name, names, [p is not None for p in per_unit], channel)
    millivolts = per_unit[index] or 1.0
    with _translated(name):
        if isinstance(header, wfdb.MultiRecord):
            read, scale = partial(_physical, record, names[index], millivolts), TENTH_MICROVOLT
        else:
            read = partial(_digital, record, index, _INVALID_BY_FORMAT.get(str(header.fmt[index])))
            scale = _scale(header, index, millivolts)
        started = header.base_datetime
        return Recording(
            name=name,
            channel=names[index],
            rate_hz=float(header.fs),
            n_samples=int(header.sig_len or 0),
            scale=scale,
            start_s=started.replace(tzinfo=UTC).timestamp() if started else 0.0,
            read_counts=read,
        )


def _scale(header: Any, index: int, millivolts: float) -> Scale:
    bits, zero = header.adc_res[index] or 0, header.adc_zero[index] or 0
    rails = (zero - (1 << (bits - 1)), zero + (1 << (bits - 1)) - 1) if bits else None
    return Scale(millivolts / header.adc_gain[index], float(header.baseline[index]), rails)


def _digital(record: Path, index: int, invalid: int | None, begin: int, end: int) -> NDArray[np.int32]:
    with _translated(record.name):
        part = wfdb.rdrecord(str(record), begin, end, channels=[index], physical=False, return_res=32)
        counts: NDArray[np.int32] = part.d_signal[:, 0].astype(np.int32)
    if invalid is not None:
        counts[counts == invalid] = INVALID_COUNT
    return counts


def _physical(record: Path, channel: str, millivolts: float, begin: int, end: int) -> NDArray[np.int32]:
    with _translated(record.name):
        part = wfdb.rdrecord(str(record), begin, end, channel_names=[channel])
        return counts_of_millivolts(part.p_signal[:, 0] * millivolts)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn whatever wfdb's parser met into an error of ours."""
    try:
        yield
    except RecordingError:
        raise
    except Exception as error:
        raise RecordingError(
            RecordingFault.UNREADABLE,
            f"{name} cannot be read as a WFDB record ({type(error).__name__}: {error})",
            advice="check that the header and its signal files are whole",
        ) from error
