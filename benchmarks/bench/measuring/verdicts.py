"""Verdicts: what the loop took, beside what the pack allows itself and what the board allows."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.bench.boards.profile import Profile
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.result import Budget
from edge.budget import Stage

_HOUR_S: Final = 3600.0


def own_budgets(subject: Subject, measurements: tuple[Measurement, ...]) -> Iterator[Budget]:
    """Judge by what the pack allows itself; nothing where the loop was not run.

    A waves pack limits the reading of a window, which is a stage; any other the whole way to the outcome.
    """
    allowed = subject.manifest.budget
    source = f"manifest of {subject.manifest.name}"
    stage = Stage.MEASURE if subject.is_waves else Stage.TOTAL
    for p99_ms in _p99_ms(measurements, stage):
        limit = f"latency p99 of stage {stage}, ms"
        yield Budget(limit=limit, allowed=allowed.latency_p99_ms, measured=p99_ms, source=source)
    for peak_mb in _peaks_mb(measurements):
        yield Budget(limit="resident memory, MB", allowed=allowed.resident_mb, measured=peak_mb, source=source)


def board_budgets(board: Profile, measurements: tuple[Measurement, ...]) -> Iterator[Budget]:
    """Judge by what the board's profile allows; nothing where the loop was not run."""
    budgets, source = board.budgets, f"profile of {board.name}"
    for p99_ms in _p99_ms(measurements, Stage.TOTAL):
        allowed = budgets.latency_p99_ms.allowed
        yield Budget(limit="latency p99 of stage total, ms", allowed=allowed, measured=p99_ms, source=source)
    for peak_mb in _peaks_mb(measurements):
        allowed = budgets.resident_mb.allowed
        yield Budget(limit="resident memory, MB", allowed=allowed, measured=peak_mb, source=source)
    for one in measurements:
        if one.quantity is not Quantity.WEARABLE_HOUR:
            continue
        percent = 100.0 * one.figure / _HOUR_S
        allowed, n = 100.0 * budgets.core_share.allowed, budgets.wearables.allowed
        yield Budget(limit="one wearable, % of a core", allowed=allowed, measured=percent, source=source)
        yield Budget(limit=f"{n:g} wearables, % of a core", allowed=100.0, measured=n * percent, source=source)


def _p99_ms(measurements: tuple[Measurement, ...], stage: Stage) -> Iterator[float]:
    for one in measurements:
        if one.quantity is Quantity.STAGE and one.conditions.stage == stage:
            yield float(np.percentile(one.values, 99))


def _peaks_mb(measurements: tuple[Measurement, ...]) -> Iterator[float]:
    for one in measurements:
        if one.quantity is Quantity.PEAK_RESIDENT:
            yield max(one.values)
