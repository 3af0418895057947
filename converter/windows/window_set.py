"""Windows with where they come from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault

FEWEST: Final = 8
"""Windows below which a set says too little."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowSet:
    """Windows with where they come from.

    Parameters
    ----------
    millivolts
        Shape (n, window_samples), mV.
    origin
        What they are, for the pack's report.
    labels
        What each output should say, shape (n, n_outputs): 1, 0, or NaN where it is not known; None without labels.
    """

    millivolts: NDArray[np.float32]
    origin: str
    labels: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.millivolts.shape[0] < FEWEST:
            raise ConversionError(
                ConversionFault.BAD_CALIBRATION,
                f"{self.millivolts.shape[0]} windows of {self.origin} are too few",
                advice=f"give {FEWEST} or more",
            )
        if not np.isfinite(self.millivolts).all() or (np.ptp(self.millivolts, axis=1) == 0).any():
            raise ConversionError(
                ConversionFault.BAD_CALIBRATION,
                f"windows of {self.origin} hold values that are not finite, or do not move",
                advice="take them from readable signal",
            )
