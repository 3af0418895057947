"""Whether windows differ enough to calibrate with: a simulator's loop, or one window many times, do not."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault
from converter.windows.window_set import FEWEST

SAME: Final = 0.995
"""Correlation, at the best shift round the window, from which on two windows are nearly the same."""

NARROWEST_BPM: Final = 0.25
"""Least distance of the 10th and 90th percentile of heart rate; any 8 windows in a row of MIT-BIH DS1 have 0.38."""


def refuse_one_sided(millivolts: NDArray[np.float32], heart_rate_bpm: NDArray[np.float64], origin: str) -> None:
    """Refuse windows of which fewer than 8 differ, or that all beat at one rate.

    Parameters
    ----------
    millivolts
        Shape (n, window_samples), mV.
    heart_rate_bpm
        Shape (n,).
    origin
        What they are.

    Raises
    ------
    ConversionError
        If they are one-sided.
    """
    n_different = count_different(millivolts, enough=FEWEST)
    if n_different < FEWEST:
        raise _one_sided(f"only {n_different} of {len(millivolts)} windows of {origin} differ")
    low, high = np.percentile(heart_rate_bpm, [10, 90])
    if high - low < NARROWEST_BPM:
        raise _one_sided(f"{len(millivolts)} windows of {origin} all beat at {(low + high) / 2:.1f} a minute")


def count_different(millivolts: NDArray[np.float32], *, enough: int) -> int:
    """Count windows that are not nearly the same as one before them, up to `enough`.

    Shift, offset and (positive) gain make no difference.
    """
    centred = millivolts - millivolts.mean(axis=1, keepdims=True, dtype=np.float64)
    spectra = np.fft.rfft(centred / np.linalg.norm(centred, axis=1, keepdims=True))
    n_different = 0
    while len(spectra) and n_different < enough:
        n_different += 1
        alike = np.fft.irfft(spectra * spectra[0].conj(), millivolts.shape[1]).max(axis=1)
        alike[0] = 1.0
        spectra = spectra[alike < SAME]
    return n_different


def _one_sided(problem: str) -> ConversionError:
    return ConversionError(
        ConversionFault.BAD_CALIBRATION,
        f"the set is one-sided: {problem}",
        advice="give recordings of more people, or longer ones",
    )
