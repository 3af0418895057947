"""Windows to calibrate and to verify with: clean enough to be read, and never the same ones for both."""

import numpy as np
from numpy.typing import NDArray

from converter.windows.artefacts import with_artefacts
from converter.windows.labelled import labelled_windows
from converter.windows.recorded import recorded_split, recorded_windows
from converter.windows.window_set import WindowSet
from edge.heart import Heart, PatchNoise
from edge.preprocess import Preprocessing, preprocess

__all__ = [
    "WindowSet",
    "labelled_windows",
    "network_inputs",
    "recorded_split",
    "recorded_windows",
    "synthetic_windows",
    "with_artefacts",
]


def synthetic_windows(contract: Preprocessing, n: int, *, seed: int) -> WindowSet:
    """Take `n` windows of the synthetic heart, one a subject, with the noise of a patch; seeds share no subject."""
    first = seed * 1_000_000
    keys = np.column_stack([np.arange(first, first + n), np.zeros(n, np.int64), np.zeros(n, np.int64)])
    noise = PatchNoise()
    windows = Heart(seed).windows(keys, noise=noise, rate_hz=contract.rate_hz, duration_s=contract.window_s)
    return WindowSet(windows.millivolts, f"synthetic heart, seed {seed}")


def network_inputs(windows: WindowSet, contract: Preprocessing) -> NDArray[np.float32]:
    """Preprocess the windows as the loop does; shape (n, window_samples)."""
    return preprocess(windows.millivolts, contract)
