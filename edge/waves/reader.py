"""Reads windows and recordings: resample, network, marks, quality, measurements."""

from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from edge.outcome import Span
from edge.pack import SHIPPED_WAVES, read_waves_pack
from edge.waves.decode import decode
from edge.waves.figures import Measurements
from edge.waves.intervals import measure
from edge.waves.marks import Floats, WaveMarks
from edge.waves.network import WavesModel, open_waves_model
from edge.waves.quality import Contact, judge, judge_seconds
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Grade, Track
from edge.windowing import Window

_OVERLAP: Final = 2
"""Windows that speak of each moment of a recording."""
_HALF_LENGTH: Final = 10
_KAISER_BETA: Final = 5.0


class WaveReader:
    """Reads what the heart says off a signal, with one waves pack.

    Parameters
    ----------
    model
        The pack, proven on this machine.
    """

    def __init__(self, model: WavesModel) -> None:
        self.model = model

    @property
    def label(self) -> str:
        """Name and version of the pack."""
        return self.model.pack.manifest.label

    def read_window(self, window: Window) -> WindowReading:
        """Read one window; where it is not as long as the network's, it is read as a short recording is.

        What is marked and measured is `Window.waves`, which a stream resamples once whatever the windows' overlap; what
        else is done to it, hum and baseline, is a fit to the window and no filter. The network's own preprocessing
        starts anew in each window, as it was trained; no height or level is measured on that.
        """
        millivolts = resampled(window.millivolts, window.rate_hz) if window.waves is None else window.waves
        prepared, track = self._heard(millivolts)
        return _window_reading(
            window.span, millivolts, prepared, track, Contact(window.railed_fraction, window.contact)
        )

    def read_recording(self, millivolts: NDArray[np.floating[Any]], rate_hz: float) -> RecordingReading:
        """Read a stretch without gaps as a whole.

        Parameters
        ----------
        millivolts
            Shape (n_samples,), mV, finite, at least a second long.
        rate_hz
            Its sample rate, 20 Hz or more.
        """
        x = resampled(np.asarray(millivolts, np.float64), rate_hz)
        prepared, track = self._heard(x)
        size = self.model.window_samples
        windows = tuple(self._part(x, prepared, track, begin, rate_hz) for begin in range(0, x.size - size + 1, size))
        return RecordingReading(decode(track, prepared), track, judge_seconds(x, RATE_HZ, track), windows)

    def _part(
        self, x: Floats, prepared: NDArray[np.float32], track: Track, begin: int, rate_hz: float
    ) -> WindowReading:
        end = begin + self.model.window_samples
        steps = slice(begin // STEP_SAMPLES, end // STEP_SAMPLES)
        part = Track(track.segments[begin:end], track.beats[steps], track.rhythms[steps], track.grades[steps])
        first, last = round(begin * rate_hz / RATE_HZ), round(end * rate_hz / RATE_HZ)
        span = Span(first, last - first, begin / RATE_HZ, (end - begin) / RATE_HZ, 0.0)
        return _window_reading(span, x[begin:end], prepared[begin:end], part, Contact())

    def _heard(self, x: Floats) -> tuple[NDArray[np.float32], Track]:
        """Prepare a stretch and say what the network says of it: windows overlap, and each counts most in its middle.

        A stretch shorter than a window is followed by its mirror image, of which nothing is kept.
        """
        size = self.model.window_samples
        if x.size == size:
            prepared = self.model.prepare(x)
            return prepared, self.model.track(prepared)
        n = x.size
        whole = max(size, -(-n // STEP_SAMPLES) * STEP_SAMPLES)
        x = np.pad(x, (0, whole - n), mode="symmetric")
        hop = size // _OVERLAP
        begins = sorted({*range(0, whole - size + 1, hop), whole - size})
        blend = _Blend(whole)
        for begin in begins:
            prepared = self.model.prepare(x[begin : begin + size])
            blend.add(begin, prepared, self.model.track(prepared))
        return blend.result(n)


class _Blend:
    """Averages what overlapping windows say."""

    def __init__(self, n_samples: int) -> None:
        self._sums = [np.zeros((n_samples, 4), np.float32), np.zeros(n_samples, np.float32)]
        n_steps = n_samples // STEP_SAMPLES
        self._steps = [np.zeros((n_steps, k), np.float32) for k in (6, 3, 3)]
        self._weight = np.zeros(n_steps, np.float32)

    def add(self, begin: int, prepared: NDArray[np.float32], track: Track) -> None:
        """Add a window that begins at a sample."""
        n_steps = len(track.beats)
        weight = 1.0 - np.abs(2.0 * (np.arange(n_steps, dtype=np.float32) + 0.5) / n_steps - 1.0)
        fine = np.repeat(weight, STEP_SAMPLES)
        samples = slice(begin, begin + fine.size)
        steps = slice(begin // STEP_SAMPLES, begin // STEP_SAMPLES + n_steps)
        self._sums[0][samples] += fine[:, None] * track.segments
        self._sums[1][samples] += fine * prepared
        for total, part in zip(self._steps, (track.beats, track.rhythms, track.grades), strict=True):
            total[steps] += weight[:, None] * part
        self._weight[steps] += weight

    def result(self, n_samples: int) -> tuple[NDArray[np.float32], Track]:
        """Average of what was added, of the first `n_samples`."""
        n_steps = n_samples // STEP_SAMPLES
        fine = np.repeat(self._weight, STEP_SAMPLES)[:n_samples]
        beats, rhythms, grades = (total[:n_steps] / self._weight[:n_steps, None] for total in self._steps)
        track = Track(self._sums[0][:n_samples] / fine[:, None], beats, rhythms, grades)
        return self._sums[1][:n_samples] / fine, track


def open_reader(pack_path: Path | None = None, *, runtime: str | None = None, n_threads: int = 1) -> WaveReader:
    """Read a waves pack and prove it on this machine.

    Parameters
    ----------
    pack_path
        The pack; the shipped one by default.
    runtime, n_threads
        As `edge.interpreter.open_interpreter` takes them.

    Raises
    ------
    PackError, RuntimeUnavailable
        If the pack must not be run here.
    """
    pack = read_waves_pack(pack_path or SHIPPED_WAVES)
    return WaveReader(open_waves_model(pack, runtime=runtime, n_threads=n_threads))


def resampled(millivolts: Floats, rate_hz: float) -> Floats:
    """Bring a stretch to `RATE_HZ`, by the filter of `scipy.signal.resample_poly`; its ends are held."""
    ratio = Fraction(RATE_HZ / rate_hz).limit_denominator(1000)
    if ratio == 1:
        return millivolts
    up, down = ratio.numerator, ratio.denominator
    taps: Any = _taps(up, down)
    level = float(millivolts[0])
    out: Floats = signal.resample_poly(millivolts - level, up, down, window=taps, padtype="edge")
    return out + level


@lru_cache(maxsize=8)
def _taps(up: int, down: int) -> Floats:
    slower = max(up, down)
    return np.asarray(signal.firwin(2 * _HALF_LENGTH * slower + 1, 1.0 / slower, window=("kaiser", _KAISER_BETA)))


def _window_reading(
    span: Span, millivolts: Floats, prepared: NDArray[np.float32], track: Track, contact: Contact
) -> WindowReading:
    marks = decode(track, prepared)
    quality = judge(millivolts, RATE_HZ, track, marks, contact)
    measurements = None if quality.grade is Grade.NOTHING else _measured(marks, millivolts, track, quality.grade)
    return WindowReading(span, quality, marks, track, measurements)


def _measured(marks: WaveMarks, millivolts: Floats, track: Track, grade: Grade) -> Measurements:
    sinus, af, other = (np.add.reduce(track.rhythms) / len(track.rhythms)).tolist()
    return measure(marks, millivolts, (sinus, af, other), grade)
