"""What each operator takes, by the runtime itself where it tells."""

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.bench.measuring.asks import Profile, Profiled
from benchmarks.bench.measuring.litert_c import ProfiledModel, ProfilerUnavailable
from benchmarks.bench.result import OperatorTime
from edge.interpreter import installed_runtimes
from edge.pack import read_any_pack

_GROUP: Final = 16
"""Windows whose mean is one value: the runtime tells whole microseconds, and many operators take less."""
_WARM_UP: Final = 3
_FEWEST_GROUPS: Final = 3


def profile(ask: Profile) -> Profiled:
    """Run one window again and again under LiteRT's profiler."""
    runtime, release = next(iter(installed_runtimes().items()), ("no runtime", ""))
    if runtime != "litert":
        return Profiled(operators=(), source=f"{runtime} {release} tells nothing of single operators")
    pack = read_any_pack(ask.pack)
    try:
        with ProfiledModel(pack.model, pack.self_test.inputs[0]) as model:
            names, us = _watched(model, ask.seconds)
    except (ProfilerUnavailable, OSError) as error:
        return Profiled(operators=(), source=f"LiteRT {release} tells nothing of single operators: {error}")
    source = f"LiteRT {release}'s profiler through its C library, 1 thread, {len(us)} windows"
    return Profiled(operators=operator_times(names, us), source=source)


def operator_times(names: Sequence[str], us: Sequence[Sequence[int]]) -> tuple[OperatorTime, ...]:
    """Make times of what the profiler told.

    Parameters
    ----------
    names
        Of the operators in their order, shape (n_operators,).
    us
        Whole microseconds, shape (n_windows, n_operators); of every 16 windows the mean is taken, of those the median.
    """
    whole = np.asarray(us[: len(us) - len(us) % _GROUP] or us, np.float64)
    groups = whole.reshape(max(1, len(whole) // _GROUP), -1, len(names)).mean(axis=1)
    ms = np.median(groups, axis=0) / 1e3
    shares = ms / ms.sum() if ms.any() else ms
    return tuple(
        OperatorTime(name=f"{i} {name}", ms=round(float(one), 6), share=round(float(share), 6))
        for i, (name, one, share) in enumerate(zip(names, ms, shares, strict=True))
    )


def _watched(model: ProfiledModel, seconds: float) -> tuple[list[str], list[list[int]]]:
    for _ in range(_WARM_UP):
        names = [name for name, _ in model.run()]
    told: list[list[int]] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s or len(told) < _FEWEST_GROUPS * _GROUP:
        told.append([us for _, us in model.run()])
    if any(len(one) != len(names) for one in told):
        raise ProfilerUnavailable("it tells of other operators each time")
    return names, told
