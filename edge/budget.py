"""What a window may cost, what it did cost, and how often windows may run so that it stays so."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from resource import RUSAGE_SELF, getpagesize, getrusage
from typing import Final

import numpy as np

from edge.outcome import Limit

_REMEMBERED: Final = 8192
_JUDGED: Final = 32
_FEWEST_JUDGED: Final = 8
_LONGEST_STRIDE: Final = 16


class Stage(StrEnum):
    """A step of the loop; ``TOTAL`` is the latency from a full window to its outcome."""

    WINDOW = "window"
    """Resampling and cutting; the only one that is measured for each block, not for each window."""
    MEASURE = "measure"
    PREPROCESS = "preprocess"
    QUANTISE = "quantise"
    INFER = "infer"
    DECODE = "decode"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Budget:
    """What the loop may cost.

    Parameters
    ----------
    latency_p99_ms
        From a full window to its outcome, 99th percentile.
    resident_mb
        Resident memory of the process, MB (10^6 bytes).
    """

    latency_p99_ms: float
    resident_mb: float


def resident_mb() -> float:
    """Resident memory of this process now, MB (10^6 bytes); Linux."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * getpagesize() / 1e6


def peak_resident_mb() -> float:
    """Highest resident memory of this process so far, MB (10^6 bytes); Linux counts it in KiB."""
    return getrusage(RUSAGE_SELF).ru_maxrss * 1024 / 1e6


@dataclass(slots=True)
class StageTimes:
    """Latencies by stage over the last 8,192 windows, ms.

    Parameters
    ----------
    now_s
        A clock that never runs backwards, s.
    """

    now_s: Callable[[], float]
    _ms: dict[str, deque[float]] = field(default_factory=dict)

    @contextmanager
    def timing(self, stage: str, n_windows: int = 1) -> Iterator[None]:
        """Time what runs inside; of several windows that run together each takes an equal share."""
        began_s = self.now_s()
        yield
        share_ms = (self.now_s() - began_s) * 1e3 / n_windows
        self._ms.setdefault(stage, deque(maxlen=_REMEMBERED)).extend([share_ms] * n_windows)

    def last_ms(self, stage: str) -> float:
        """Return the newest latency of the stage."""
        return self._ms[stage][-1]

    def values_ms(self) -> dict[str, tuple[float, ...]]:
        """Return every latency that is remembered, by stage, oldest first."""
        return {stage: tuple(ms) for stage, ms in self._ms.items()}

    def percentiles(self) -> dict[str, dict[str, float]]:
        """Return ``{stage: {"p50": ms, "p99": ms}}``."""
        return {
            stage: dict(zip(("p50", "p99"), np.percentile(list(ms), (50, 99)).tolist(), strict=True))
            for stage, ms in self._ms.items()
        }


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is exceeded, with the figure."""

    limit: Limit
    measured: float
    allowed: float


class Pace:
    """Runs every window while the machine is inside its budget, every second, fourth... one while it is not.

    Parameters
    ----------
    budget
        The limits.
    resident_mb
        Reads the process's resident memory, MB.
    """

    def __init__(self, budget: Budget, resident_mb: Callable[[], float] = resident_mb) -> None:
        self._budget = budget
        self._resident_mb = resident_mb
        self._recent_ms: deque[float] = deque(maxlen=_JUDGED)
        self._passed_over = 0
        self._excess: Excess | None = None
        self.stride = 1

    @property
    def at_ease(self) -> bool:
        """Whether windows have run and kept to the budget, so that several may run before it is looked at again."""
        return self._excess is None and bool(self._recent_ms)

    def pass_over(self) -> Excess | None:
        """Say whether to pass over the next window, and for which excess."""
        if self._excess is None or self._passed_over >= self.stride - 1:
            self._passed_over = 0
            return None
        self._passed_over += 1
        return self._excess

    def ran(self, *latencies_ms: float) -> None:
        """Take the latency of a window that ran, or of each that ran together, and lengthen or shorten the stride."""
        self._recent_ms.extend(latencies_ms)
        excess = self._measure()
        if excess:
            self._excess, self.stride = excess, min(2 * self.stride, _LONGEST_STRIDE)
            self._recent_ms.clear()
        elif self.stride > 1 and len(self._recent_ms) >= _FEWEST_JUDGED:
            self.stride //= 2
            self._excess = self._excess if self.stride > 1 else None
            self._recent_ms.clear()

    def _measure(self) -> Excess | None:
        resident = self._resident_mb()
        if resident > self._budget.resident_mb:
            return Excess(Limit.RESIDENT_MEMORY, resident, self._budget.resident_mb)
        if len(self._recent_ms) >= _FEWEST_JUDGED:
            p99_ms = float(np.percentile(list(self._recent_ms), 99))
            if p99_ms > self._budget.latency_p99_ms:
                return Excess(Limit.LATENCY_P99, p99_ms, self._budget.latency_p99_ms)
        return None
