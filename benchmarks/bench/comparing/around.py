"""What went on around a measurement, as far as it makes its figures doubtful."""

import math
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.measurement import Measurement, Quantity

_SLICE_MS: Final = 2.0
"""About what the scheduler gives at once: a shorter call mostly ends within it, and its median knows of no waiting."""
_SHARED: Final = 0.3
"""Others take caches and memory too. A network of 32 MB, where they had about half of two cores, wandered by 11 to 18 %
from one result to the next, beyond what its processes explain; networks of 0.3 MB, which are short calls, did not."""

_BY_THE_CLOCK: Final = {
    Quantity.COLD_START: 1e3,
    Quantity.COLD_LOAD: 1.0,
    Quantity.LOAD: 1.0,
    Quantity.FIRST_INFERENCE: 1.0,
    Quantity.INFERENCE: 1.0,
    Quantity.STAGE: 1.0,
}
"""Milliseconds of a unit; what is processor time, memory or energy does not wait."""


@dataclass(frozen=True, slots=True)
class Around:
    """The machine while one result was measured.

    Parameters
    ----------
    pace
        Logarithm of the yardstick, for what has none of its own.
    taken
        Share of its processor time that others took, the host among them, 0 to 1.
    n_cores
        It has.
    """

    pace: float = 0.0
    taken: float = 0.0
    n_cores: int = 1

    def doubt(self, measurement: Measurement) -> float:
        """Return the standard deviation that others' work adds to the logarithm of a figure."""
        unit_ms = _BY_THE_CLOCK.get(measurement.quantity)
        if unit_ms is None or measurement.figure * unit_ms * measurement.conditions.batch < _SLICE_MS:
            return 0.0
        left = self.n_cores * max(1.0 - self.taken, 0.01)
        return max(0.0, math.log(measurement.conditions.threads / left)) + _SHARED * self.taken
