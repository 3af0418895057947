"""A network that is made slower on purpose: what shows that a comparison would notice. Only `benchmarks.pairs` asks."""

import os
import time
from collections.abc import Callable
from typing import Final

VARIABLE: Final = "ANYECG_BENCH_SLOWDOWN_PERCENT"
"""Of the environment: each run of the network is followed by work that takes so much of the run's own time."""


def slowed(call: Callable[[], object]) -> Callable[[], object]:
    """Give the call as it is, or, where the environment says so, a slower one that keeps the processor at work."""
    share = float(os.environ.get(VARIABLE, "0")) / 100.0
    if share <= 0.0:
        return call

    def slow() -> None:
        began_s = time.perf_counter()
        call()
        ran_s = time.perf_counter()
        until_s = ran_s + share * (ran_s - began_s)
        while time.perf_counter() < until_s:
            pass

    return slow
