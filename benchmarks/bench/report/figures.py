"""What the page works out from a result: quantiles, the machine's floor under a pack, and the line through streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.bench.measurement import Measurement
from benchmarks.bench.result import PackResult, Peak

_WHOLE_CORE: Final = 100.0
"""Per cent of it."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of everything that was measured, and the middle of each process.

    Parameters
    ----------
    p50
        Median over the processes of each one's median: the figure to quote.
    p95, p99, most
        Of the values of all processes together.
    medians
        One a process, in the order they ran.
    n
        Values.
    """

    p50: float
    p95: float
    p99: float
    most: float
    medians: tuple[float, ...]
    n: int


def spread(measurement: Measurement) -> Spread:
    """Describe a measurement."""
    values = measurement.values
    p95, p99 = np.percentile(values, (95, 99)).tolist()
    medians = tuple(run.median for run in measurement.runs)
    return Spread(measurement.figure, p95, p99, max(values), medians, len(values))


@dataclass(frozen=True, slots=True)
class Floor:
    """The least time a machine could take for a window of a pack.

    Parameters
    ----------
    compute_ms
        The multiply-accumulates at the peak rate.
    memory_ms
        The weights once through the memory's bandwidth.
    """

    compute_ms: float
    memory_ms: float

    @property
    def ms(self) -> float:
        """Both at once: the longer of the two."""
        return max(self.compute_ms, self.memory_ms)

    @property
    def bound(self) -> str:
        """Which of the two it is."""
        return "arithmetic" if self.compute_ms >= self.memory_ms else "reading the weights"


def floor(pack: PackResult, peak: Peak) -> Floor:
    """Work out the roofline's floor under a pack (S. Williams, A. Waterman, D. Patterson, CACM 52(4), 2009)."""
    return Floor(pack.macs / (peak.int8_gmacs * 1e6), pack.weight_bytes / (peak.read_gb_s * 1e6))


@dataclass(frozen=True, slots=True)
class Line:
    """Share of a core as a line over wearables.

    Parameters
    ----------
    each, besides
        Slope, per cent of a core a wearable; and what the process takes without any, per cent.
    r2
        Share of the variance that it explains.
    most
        Largest number of wearables that was measured.
    n
        Processes.
    """

    each: float
    besides: float
    r2: float
    most: int
    n: int

    @property
    def carried(self) -> int | None:
        """Wearables that one core would carry; None where the line does not rise."""
        return int((_WHOLE_CORE - self.besides) / self.each + _ROUNDING) if self.each > 0 else None


def line_through(measurements: Sequence[Measurement]) -> Line | None:
    """Fit the processes' medians over streams by least squares; None with fewer than two numbers of streams."""
    points = [(m.conditions.streams, run.median) for m in measurements for run in m.runs]
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T
    if np.unique(x).size <= 1:
        return None
    each, besides = np.polyfit(x, y, 1).tolist()
    apart = float(((y - y.mean()) ** 2).sum())
    left = float(((y - (each * x + besides)) ** 2).sum())
    return Line(each, besides, 1.0 - left / apart if apart > 0 else 1.0, int(x.max()), len(points))
