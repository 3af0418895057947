"""ECGFounder's preparation of a window with scipy alone, as the authors' `util.py` and data sets do it.

The steps and their numbers are those of PKUDigitalHealth/ECGFounder, written anew: a notch at 50 Hz and a band-pass of
fourth order, each designed and run forwards and backwards for every window; a running median of 0.4 s subtracted; then
mean and deviation of the window. It is the yardstick of `edge.preprocess`, in time and in numbers.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal


def prepare(millivolts: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Prepare a window, shape (n_samples,), mV; the same shape, in its own standard deviations."""
    notch = signal.iirnotch(50.0, 30.0, rate_hz)
    x = signal.filtfilt(*notch, np.asarray(millivolts, np.float64))
    band = signal.butter(4, [0.67, 40.0], btype="bandpass", fs=rate_hz)
    x = signal.filtfilt(*band, x)
    size = int(0.4 * rate_hz) + 1
    x = x - signal.medfilt(x, size + 1 - size % 2)
    return np.asarray((x - x.mean()) / (x.std() + 1e-8), np.float64)
