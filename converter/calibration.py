"""Windows to calibrate and to verify with: clean enough to be read, and never the same ones for both."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault
from edge.heart import Heart, PatchNoise
from edge.preprocess import Preprocessing, preprocess

_FEWEST: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class WindowSet:
    """Windows with where they come from.

    Parameters
    ----------
    millivolts
        Shape (n, window_samples), mV.
    origin
        What they are, for the pack's report.
    """

    millivolts: NDArray[np.float32]
    origin: str

    def __post_init__(self) -> None:
        if self.millivolts.shape[0] < _FEWEST:
            raise ConversionError(
                ConversionFault.BAD_CALIBRATION,
                f"{self.millivolts.shape[0]} windows of {self.origin} are too few",
                advice=f"give {_FEWEST} or more",
            )
        if not np.isfinite(self.millivolts).all() or (np.ptp(self.millivolts, axis=1) == 0).any():
            raise ConversionError(
                ConversionFault.BAD_CALIBRATION,
                f"windows of {self.origin} hold values that are not finite, or do not move",
                advice="take them from readable signal",
            )


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
