"""Times taken fairly: every task once a round, in random order, all in one process."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_RESAMPLES: Final = 2000
_CONFIDENCE: Final = 95.0
_THREAD_CPU_CLOCK: Final = 6
"""Low bits of a clock id: one thread's, by the scheduler (Linux, include/linux/posix-timers.h)."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """What a call took by the clocks of another process, which did the work: elapsed, and of all its threads, s."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Task:
    """Something to time.

    Parameters
    ----------
    name
        Unlike any other's.
    call
        Does it; takes the number of the round. Where it gives `Elapsed`, that is its time.
    amount
        What one call does: windows, or 10^9 multiply-accumulates. Times are for one of them.
    before
        Called before each timed call and not timed. A network finds the caches as another one left them, as it does
        when windows come seconds apart; a peak is to be a peak, and warms up here.
    """

    name: str
    call: Callable[[int], object]
    amount: float
    before: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of medians with its bootstrap interval, 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} - {self.high:.2f})"


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """Times of one task.

    Parameters
    ----------
    wall_ms, cpu_ms
        For one of what the task counts, shape (n_rounds,): elapsed, and of all threads of the process.
    """

    wall_ms: NDArray[np.float64]
    cpu_ms: NDArray[np.float64]

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return both clocks' figures, and every time behind them in the order of the rounds, ms."""
        return {
            clock: {
                "median": round(float(np.median(ms)), 4),
                "min": round(float(np.min(ms)), 4),
                "p95": round(float(np.percentile(ms, 95)), 4),
                "rounds": np.round(ms, 4).tolist(),
            }
            for clock, ms in (("wall_ms", self.wall_ms), ("cpu_ms", self.cpu_ms))
        }


def interleave(tasks: Sequence[Task], *, n_rounds: int, n_warmup: int, seed: int) -> dict[str, Timing]:
    """Time every task once a round.

    Parameters
    ----------
    tasks
        In each round in another order.
    n_rounds, n_warmup
        Rounds that count, after rounds that do not.
    seed
        Of the orders.

    Returns
    -------
    dict[str, Timing]
        By name, in the order of `tasks`; round i of one is round i of all.
    """
    draws = np.random.default_rng(seed)
    wall_s, cpu_s = np.zeros((2, len(tasks), n_warmup + n_rounds))
    gc.collect()
    gc.disable()
    try:
        for i in range(n_warmup + n_rounds):
            clocks = thread_clocks()
            for k in draws.permutation(len(tasks)):
                tasks[k].before()
                began_cpu_s, began_s = cpu_s_of(clocks), time.perf_counter()
                done = tasks[k].call(i)
                took = Elapsed(time.perf_counter() - began_s, cpu_s_of(clocks) - began_cpu_s)
                told = done if isinstance(done, Elapsed) else took
                wall_s[k, i], cpu_s[k, i] = told.wall_s, told.cpu_s
    finally:
        gc.enable()
    return {
        task.name: Timing(wall[n_warmup:] * 1e3 / task.amount, cpu[n_warmup:] * 1e3 / task.amount)
        for task, wall, cpu in zip(tasks, wall_s, cpu_s, strict=True)
    }


def thread_clocks() -> list[int]:
    """Ids of the CPU clocks of this process's threads; Linux.

    The process's own clock counts the other threads only up to their last tick, milliseconds ago.
    """
    return [~int(task.name) << 3 | _THREAD_CPU_CLOCK for task in Path("/proc/self/task").iterdir()]


def cpu_s_of(clocks: list[int]) -> float:
    """Processor time that those threads have used, s."""
    return sum(time.clock_gettime(clock) for clock in clocks)


def ratio(of: NDArray[np.float64], to: NDArray[np.float64], *, seed: int = 0) -> Ratio:
    """Divide the medians of two tasks; rounds are resampled together, shape (n_rounds,) each."""
    rounds = np.random.default_rng(seed).integers(len(of), size=(_RESAMPLES, len(of)))
    resampled = np.median(of[rounds], axis=1) / np.median(to[rounds], axis=1)
    tail = (100.0 - _CONFIDENCE) / 2
    low, high = np.percentile(resampled, [tail, 100.0 - tail])
    return Ratio(float(np.median(of) / np.median(to)), float(low), float(high))


def median_of(ms: NDArray[np.float64], *, seed: int = 0) -> Ratio:
    """Give a task's median, ms, with its own interval; shape (n_rounds,)."""
    return ratio(ms, np.ones_like(ms), seed=seed)
