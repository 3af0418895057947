"""Recordings on disk as the windows that can be read, cut and judged as the loop does."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import RecordingError, RecordingFault
from edge.outcome import Rejected, Rejection, Span
from edge.preprocess import Preprocessing
from edge.recording import open_recording
from edge.waves.reader import WaveReader, open_reader
from edge.waves.track import Grade
from edge.windowing import Cut, Window, Windower

NPZ_KEY: Final = "millivolts"
"""The array of an ``.npz`` of windows: shape (k, window_samples), mV, at the pack's rate."""

_SUFFIXES: Final = {".hea", ".edf", ".csv", ".tsv", ".txt", ".npz"}


@dataclass(frozen=True, slots=True, eq=False)
class ReadableWindow:
    """A window that passed the quality gate.

    Parameters
    ----------
    millivolts
        Shape (window_samples,), mV.
    heart_rate_bpm
        Mean over the window.
    """

    millivolts: NDArray[np.float32]
    heart_rate_bpm: float


Judged: TypeAlias = tuple[float, ReadableWindow | Rejection]
"""Where in its recording a window begins, from 0 to 1, and the window, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How recordings are read.

    Parameters
    ----------
    contract
        Rate and length of the windows.
    channel, rate_hz
        As `edge.recording.open_recording` takes them.
    """

    contract: Preprocessing
    channel: str | None = None
    rate_hz: float | None = None

    def windows(self, path: Path) -> Iterator[Judged]:
        """Give the windows of one recording in order, none overlapping another.

        Raises
        ------
        RecordingError
            If the file cannot be read, wherever in it that shows.
        """
        cuts = self._stored(path) if path.suffix.lower() == ".npz" else self._cut(path)
        for begins, cut in cuts:
            yield begins, cut.reason if isinstance(cut, Rejected) else _judged(cut)

    def _cut(self, path: Path) -> Iterator[tuple[float, Cut]]:
        recording = open_recording(path, self.channel, self.rate_hz)
        windower = Windower(self.contract.rate_hz, self.contract.window_samples, self.contract.window_s)
        for block in recording.blocks(round(self.contract.window_s * recording.rate_hz)):
            for cut in windower.push(block):
                yield cut.span.first_index / recording.n_samples, cut
        for cut in windower.finish():
            yield cut.span.first_index / recording.n_samples, cut

    def _stored(self, path: Path) -> Iterator[tuple[float, Cut]]:
        stored, length = _stored_windows(path, self.contract.window_samples), self.contract.window_samples
        for i, millivolts in enumerate(stored):
            span = Span(i * length, length, i * self.contract.window_s, self.contract.window_s, 0.0)
            window = Window(millivolts.astype(np.float64), self.contract.rate_hz, span, 0.0, contact=True)
            yield i / len(stored), window


def recordings_in(folder: Path) -> list[Path]:
    """List every file below the folder that may be a recording, sorted; hidden ones, and segments of others, are not.

    A WFDB record is named by its header.
    """
    below = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    visible = [folder / path for path in below if not any(part.startswith(".") for part in path.parts)]
    files = sorted(path for path in visible if path.is_file())
    segments = {segment for path in files if path.suffix.lower() == ".hea" for segment in _segments(path)}
    return [path for path in files if path not in segments]


def _segments(header: Path) -> Iterator[Path]:
    """Headers of the segments of a multi-segment WFDB record; its first line tells how many (``name/3 ...``)."""
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError:  # met again, and told of, when it is read
        return
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and "/" in lines[0][0]:
        yield from (header.with_name(f"{line[0]}.hea") for line in lines[1:])


def _judged(window: Window) -> ReadableWindow | Rejection:
    reading = _wave_reader().read_window(window)
    bpm = reading.measurements.heart_rate_bpm.value if reading.measurements else None
    if reading.quality.grade is not Grade.WAVES or bpm is None:
        return Rejection(reading.quality.fault or Rejection.NOISY)
    return ReadableWindow(window.millivolts.astype(np.float32), bpm)


@lru_cache(maxsize=1)
def _wave_reader() -> WaveReader:
    return open_reader()


def _stored_windows(path: Path, window_samples: int) -> NDArray[Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            stored = arrays[NPZ_KEY] if NPZ_KEY in arrays.files else None
            names = ", ".join(arrays.files) or "nothing"
    except Exception as error:  # whatever the parsers of zip files and array headers met
        raise _unreadable(path, f"cannot be read as .npz ({type(error).__name__}: {error})") from error
    if stored is None:
        raise _unreadable(path, f"has no array {NPZ_KEY}, but {names}")
    if stored.dtype.kind not in "fiu" or stored.ndim != 2 or stored.shape[1] != window_samples:  # noqa: PLR2004
        raise _unreadable(
            path, f"has {NPZ_KEY} {stored.dtype}{stored.shape}, where (k, {window_samples}) in mV is read"
        )
    if len(stored) == 0:
        raise _unreadable(path, f"has no window in {NPZ_KEY}")
    bad = np.flatnonzero(~np.isfinite(stored).all(axis=1))
    if bad.size:
        raise _unreadable(path, f"has values that are not finite in window {bad[0]} of {NPZ_KEY}")
    return stored


def _unreadable(path: Path, why: str) -> RecordingError:
    return RecordingError(
        RecordingFault.UNREADABLE,
        f"{path.name} {why}",
        advice=f"save windows in millivolts as {NPZ_KEY}, one a row, at the pack's rate",
    )
