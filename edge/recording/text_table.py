"""Text tables: one sample a row; the columns may be named, in a unit, and led by the time."""

import csv
import re
from pathlib import Path
from typing import Final

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

_TIME_COLUMN: Final = re.compile(r"^(time|t|timestamp)(_(?P<unit>s|ms|us|ns))?$", re.IGNORECASE)
_RATE_COMMENT: Final = re.compile(r"^#.*?(?:sampl\w*[ _]rate|rate_hz)\D*?(?P<rate>[0-9.]+)", re.IGNORECASE)
_UNIT_SUFFIX: Final = re.compile(r"^(?P<name>.*?)[ _(\[]+(?P<unit>mv|uv|µv|v)[)\]]?$", re.IGNORECASE)
_SECONDS: Final = {None: 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_MAX_PREAMBLE_LINES: Final = 100
_MOST_SAMPLES: Final = 100_000_000


def open_table(path: Path, channel: str | None, rate_hz: float | None) -> Recording:
    """Open a text table.

    Columns are separated by commas, semicolons, tabs or spaces. A heading names them (``time_s,ecg_mV``); a column
    without a unit is in millivolts. The rate comes from `rate_hz`, from a time column, or from a comment line such
    as ``# sampling rate: 250``. Empty cells and ``nan`` are unmeasured samples; rows missing from an otherwise
    even time column are too. See `edge.recording.open_recording` for what is raised.
    """
    heading, n_skip, delimiter, comment_rate = _preamble(path)
    table = _numbers(path, n_skip, delimiter)
    names = heading or [f"column{i}" for i in range(table.shape[1])]
    if len(names) != table.shape[1]:
        raise _unreadable(path, f"{len(names)} column names over {table.shape[1]} columns")
    time_column = next((i for i, n in enumerate(names) if _TIME_COLUMN.match(n)), None)
    columns = [i for i in range(len(names)) if i != time_column]
    labels = [_UNIT_SUFFIX.match(names[i]) for i in columns]
    channels = [m["name"] if m else names[i] for m, i in zip(labels, columns, strict=True)]
    chosen = choose_channel(path.name, channels, [True] * len(columns), channel)
    label = labels[chosen]
    unit = (millivolts_per_unit(label["unit"]) if label else None) or 1.0
    counts = counts_of_millivolts(table[:, columns[chosen]] * unit)
    start_s = 0.0
    if time_column is not None:
        time_name = _TIME_COLUMN.match(names[time_column])
        seconds = (
            table[:, time_column] * _SECONDS[time_name["unit"].lower() if time_name and time_name["unit"] else None]
        )
        counts, time_rate = _on_even_grid(path, counts, seconds)
        start_s, rate_hz = float(seconds[0]), rate_hz if rate_hz is not None else time_rate
    rate_hz = rate_hz if rate_hz is not None else comment_rate
    if rate_hz is None:
        raise RecordingError(
            RecordingFault.BAD_RATE,
            f"{path.name} does not say its sample rate",
            advice="give --rate HZ, or a time_s column",
        )
    return Recording(
        name=path.name,
        channel=channels[chosen],
        rate_hz=rate_hz,
        n_samples=counts.size,
        scale=TENTH_MICROVOLT,
        start_s=start_s,
        read_counts=lambda begin, end: counts[begin:end],
    )


def _preamble(path: Path) -> tuple[list[str] | None, int, str | None, float | None]:
    """Heading (None without one), lines before the first row of numbers, delimiter, rate from a comment."""
    heading, delimiter, rate = None, None, None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for n, raw in enumerate(lines):
            line = raw.strip()
            if n >= _MAX_PREAMBLE_LINES:
                break
            if not line or line.startswith("#"):
                comment = _RATE_COMMENT.match(line)
                rate = float(comment["rate"]) if comment and _is_number(comment["rate"]) else rate
                continue
            delimiter = next((d for d in ",;\t" if d in line), None)
            cells = next(csv.reader([line], delimiter=delimiter)) if delimiter else line.split()
            if all(_is_number(cell) for cell in cells):
                return heading, n, delimiter, rate
            if heading is not None:
                break
            heading = [cell.strip() for cell in cells]
    raise _unreadable(path, "no row of numbers")


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _numbers(path: Path, n_skip: int, delimiter: str | None) -> NDArray[np.float64]:
    try:
        return np.loadtxt(path, delimiter=delimiter, skiprows=n_skip, ndmin=2, encoding="utf-8")
    except ValueError:
        pass  # perhaps only empty cells, which the slower reader takes
    try:
        return np.loadtxt(
            path,
            delimiter=delimiter,
            skiprows=n_skip,
            ndmin=2,
            encoding="utf-8",
            converters=lambda c: float(c or "nan"),
        )
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _on_even_grid(
    path: Path, counts: NDArray[np.int32], seconds: NDArray[np.float64]
) -> tuple[NDArray[np.int32], float]:
    """Put the samples where their times say, with unmeasured ones where rows are missing; also the rate, Hz."""
    steps = np.diff(seconds)
    if not np.isfinite(seconds).all() or (steps <= 0).any() or steps.size == 0:
        raise _unreadable(path, "its time column does not increase from row to row")
    period_s = float(np.median(steps))
    if (seconds[-1] - seconds[0]) / period_s > _MOST_SAMPLES:
        raise _unreadable(path, f"its time column leaps by {steps.max():g} s between rows {period_s:g} s apart")
    places = np.concatenate([[0], np.cumsum(np.maximum(1, np.rint(steps / period_s)).astype(np.int64))])
    whole = np.full(int(places[-1]) + 1, INVALID_COUNT, dtype=np.int32)
    whole[places] = counts
    return whole, float(places[-1] / (seconds[-1] - seconds[0]))


def _unreadable(path: Path, why: str) -> RecordingError:
    return RecordingError(
        RecordingFault.UNREADABLE,
        f"{path.name} cannot be read as a table of samples ({why})",
        advice="correct the file",
    )
