"""The beat finder of a virtual strap: where QRS complexes are, and the heart rate that it sends beside its ECG."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from edge.outcome import HeartRate

_BAND_HZ: Final = (5.0, 20.0)
_INTEGRATE_S: Final = 0.10
_REFRACTORY_S: Final = 0.25
_T_WAVE_S: Final = 0.36
_T_WAVE_HEIGHT: Final = 0.5
_NEIGHBOURS: Final = 7
_RELATIVE_HEIGHT: Final = 0.30
_CONTRAST_CAP: Final = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The beats of a window.

    Parameters
    ----------
    indices
        ``NDArray[intp]``, shape (n_beats,): window sample at the middle of each QRS complex, increasing.
    contrast_db
        How far the complexes stand out of what lies between them, in slope, dB; 0 without a beat.
    """

    indices: NDArray[np.intp]
    contrast_db: float


@lru_cache(maxsize=8)
def _band(rate_hz: float) -> NDArray[np.float64]:
    high_hz = min(_BAND_HZ[1], 0.45 * rate_hz)
    return signal.butter(2, [_BAND_HZ[0], high_hz], btype="bandpass", fs=rate_hz, output="sos")


def find_beats(millivolts: NDArray[np.floating[Any]], rate_hz: float) -> Beats:
    """Find QRS complexes by the energy of the slope in 5-20 Hz, as Pan and Tompkins (1985) do.

    A peak of the slope's running RMS counts as a beat when it reaches 30 % of the median of its neighbours; so neither
    one artefact nor one large ectopic beat sets the scale for the rest.

    Parameters
    ----------
    millivolts
        Shape (n,), a few seconds long at least, any offset and unit.
    rate_hz
        Sample rate, above 12 Hz.
    """
    banded = signal.sosfiltfilt(_band(rate_hz), millivolts)
    slope = np.gradient(banded)
    integrated = max(1, round(_INTEGRATE_S * rate_hz))
    energy = ndimage.uniform_filter1d(slope * slope, integrated, mode="reflect")
    rms = np.sqrt(np.maximum(energy, 0.0))
    floor = float(np.median(rms))
    peaks, _ = signal.find_peaks(rms, distance=max(1, round(_REFRACTORY_S * rate_hz)), height=2.0 * floor)
    # At the very ends stands the filter's own answer to the signal's beginning and end.
    edge = integrated // 2
    peaks = peaks[(peaks >= edge) & (peaks < rms.size - edge)]
    if peaks.size == 0:
        return Beats(peaks, 0.0)
    heights = rms[peaks]
    tall = peaks[heights >= _RELATIVE_HEIGHT * heights.max()] if peaks.size < _NEIGHBOURS else peaks
    typical = ndimage.percentile_filter(rms[tall], 60, size=_NEIGHBOURS, mode="nearest")
    beats = tall[rms[tall] >= _RELATIVE_HEIGHT * typical]
    # A T wave follows its complex closely, and is less than half as steep.
    follows = np.diff(beats, prepend=-rms.size) < _T_WAVE_S * rate_hz
    beats = beats[~(follows & (rms[beats] < _T_WAVE_HEIGHT * np.roll(rms[beats], 1)))]
    contrast = min(float(np.median(rms[beats])) / floor, _CONTRAST_CAP) if floor > 0 else _CONTRAST_CAP
    return Beats(beats, 20.0 * float(np.log10(contrast)))


def heart_rate(beats: Beats, period_s: float) -> HeartRate:
    """Mean heart rate of a window.

    Parameters
    ----------
    beats
        What `find_beats` found.
    period_s
        True time from one window sample to the next, s.
    """
    n_beats = int(beats.indices.size)
    if n_beats < 2:  # noqa: PLR2004 - an interval needs two
        return HeartRate(None, n_beats)
    mean_interval_s = float(beats.indices[-1] - beats.indices[0]) * period_s / (n_beats - 1)
    return HeartRate(60.0 / mean_interval_s, n_beats)
