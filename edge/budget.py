"""What a window may cost, what it did cost, and how often windows may run so that it stays so."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from resource import RUSAGE_SELF, getpagesize, getrusage
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    return int(os.pread(_statm(os.getpid()), 128, 0).split()[1]) * getpagesize() / 1e6


@lru_cache(maxsize=1)
def _statm(pid: int) -> int:
    """Keep the kernel's page counts of a process open; a fork opens its own."""
    return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)


def peak_resident_mb() -> float:
    """Highest resident memory of this process so far, MB (10^6 bytes); Linux counts it in KiB."""
    return getrusage(RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class _Stopwatch:
    """Times one stage, and keeps the last 8,192 times in room that is taken once."""

    __slots__ = ("_began_s", "_ms", "_now_s", "_taken", "n_windows")

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._ms: NDArray[np.float64] = np.full(_REMEMBERED, np.nan)
        self._taken = 0
        self._began_s = 0.0
        self.n_windows = 1

    def __enter__(self) -> None:
        self._began_s = self._now_s()

    def __exit__(self, error: type[BaseException] | None, *rest: object) -> None:
        share_ms = (self._now_s() - self._began_s) * 1e3 / self.n_windows
        if error is None:
            for _ in range(self.n_windows):
                self._ms[self._taken % _REMEMBERED] = share_ms
                self._taken += 1

    @property
    def last_ms(self) -> float:
        return float(self._ms[(self._taken - 1) % _REMEMBERED])

    @property
    def values_ms(self) -> tuple[float, ...]:
        newest = self._taken % _REMEMBERED
        ms = self._ms[: self._taken] if self._taken <= _REMEMBERED else np.roll(self._ms, -newest)
        return tuple(ms.tolist())


class StageTimes:
    """Latencies by stage over the last 8,192 windows, ms.

    Parameters
    ----------
    now_s
        A clock that never runs backwards, s.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._stages: dict[str, _Stopwatch] = {}

    def timing(self, stage: str, n_windows: int = 1) -> AbstractContextManager[None]:
        """Time what runs inside; of several windows that run together each takes an equal share.

        A stage does not run inside itself. What ends in an error is not timed.
        """
        watch = self._stages.get(stage)
        if watch is None:
            watch = self._stages[stage] = _Stopwatch(self._now_s)
        watch.n_windows = n_windows
        return watch

    def last_ms(self, stage: str) -> float:
        """Return the newest latency of the stage."""
        return self._stages[stage].last_ms

    def values_ms(self) -> dict[str, tuple[float, ...]]:
        """Return every latency that is remembered, by stage, oldest first."""
        return {stage: ms for stage, watch in self._stages.items() if (ms := watch.values_ms)}

    def percentiles(self) -> dict[str, dict[str, float]]:
        """Return ``{stage: {"p50": ms, "p99": ms}}``."""
        return {
            stage: dict(zip(("p50", "p99"), np.percentile(ms, (50, 99)).tolist(), strict=True))
            for stage, ms in self.values_ms().items()
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
        # No percentile is above the maximum, which costs a hundredth of it.
        if len(self._recent_ms) >= _FEWEST_JUDGED and max(self._recent_ms) > self._budget.latency_p99_ms:
            p99_ms = float(np.percentile(list(self._recent_ms), 99))
            if p99_ms > self._budget.latency_p99_ms:
                return Excess(Limit.LATENCY_P99, p99_ms, self._budget.latency_p99_ms)
        return None
