"""Between real numbers and int8, with TFLite's arithmetic."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Per-tensor affine quantisation: ``real = (int8 - zero_point) * scale``.

    Parameters
    ----------
    scale
        Size of one step, positive.
    zero_point
        The int8 value that means 0, -128 to 127.
    """

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"a quantisation scale of {self.scale}")

    def quantise(self, real: NDArray[np.floating[Any]]) -> NDArray[np.int8]:
        """Nearest int8, halves away from zero, clamped at the ends: TFLite's reference ``AffineQuantize``.

        The division is in float32 as there. XNNPACK's QUANTIZE multiplies by the reciprocal and rounds halves to even;
        it may differ from this by one step on ties, which is why a pack takes int8 and leaves this to us.

        Parameters
        ----------
        real
            Any shape, finite.

        Returns
        -------
        NDArray[int8]
            Same shape.
        """
        steps = np.asarray(np.asarray(real, np.float32) / np.float32(self.scale))
        np.clip(steps, -128 - self.zero_point, 127 - self.zero_point, out=steps)
        nearest = np.trunc(steps)
        # Twice what is left is a whole step from a half on, with its sign. Adding a half would round .49999997 up.
        steps -= nearest
        steps += steps
        nearest += np.trunc(steps)
        nearest += self.zero_point
        return nearest.astype(np.int8)

    def dequantise(self, quantised: NDArray[np.int8]) -> NDArray[np.float32]:
        """Real values of int8, same shape: the product in float32, as TFLite's DEQUANTIZE computes it."""
        return (quantised.astype(np.int32) - self.zero_point).astype(np.float32) * np.float32(self.scale)
