"""How long models take for a window, taken in turns so that what else the machine does meets all of them alike."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.interpreter import Interpreter

_WARM_UP: Final = 3
_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True, slots=True)
class Speed:
    """Wall time of the network alone, ms a window, one window at a time.

    Parameters
    ----------
    median_ms, p05_ms, p95_ms
        Over the rounds.
    n_rounds, n_threads
        How it was measured.
    """

    median_ms: float
    p05_ms: float
    p95_ms: float
    n_rounds: int
    n_threads: int


def measure_speed(
    interpreters: Mapping[_Name, Interpreter], signal: NDArray[np.float32], *, n_rounds: int = 40, n_threads: int = 1
) -> dict[_Name, Speed]:
    """Time models side by side, each round in another order.

    Parameters
    ----------
    interpreters
        By any name.
    signal
        A preprocessed window.
    n_rounds
        Windows for each.
    n_threads
        What the interpreters were opened with.
    """
    random, names = np.random.default_rng(0), list(interpreters)
    inputs = {
        name: run.input.quantisation.quantise(signal) if run.input.quantisation else signal
        for name, run in interpreters.items()
    }
    taken_ms: dict[_Name, list[float]] = {name: [] for name in names}
    for _ in range(_WARM_UP + n_rounds):
        for i in random.permutation(len(names)):
            run, x = interpreters[names[i]], inputs[names[i]]
            began_s = time.perf_counter()
            run.invoke(x)
            taken_ms[names[i]].append(1e3 * (time.perf_counter() - began_s))
    return {name: _speed(taken[_WARM_UP:], n_threads) for name, taken in taken_ms.items()}


def _speed(taken_ms: list[float], n_threads: int) -> Speed:
    p05, median, p95 = (float(value) for value in np.percentile(taken_ms, [5, 50, 95]))
    return Speed(median, p05, p95, len(taken_ms), n_threads)
