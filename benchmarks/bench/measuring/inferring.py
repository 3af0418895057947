"""The network alone: its first run, and steady ones in turn with the yardstick."""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

import numpy as np

from benchmarks.bench.measurement import Run
from benchmarks.bench.measuring.asks import Infer, Inferred
from benchmarks.bench.measuring.slowdown import slowed
from benchmarks.bench.measuring.yardstick import Yardstick
from edge.errors import PackError
from edge.interpreter import Interpreter, Tensor, open_interpreter
from edge.pack import read_any_pack

WARM_UP: Final = 0.1
"""Part of the time in which nothing is kept."""
FEWEST: Final = 10
"""Runs that are kept at the least, whatever the time."""
MOST_KEPT: Final = 1000
"""Values a process hands on: of more, every second, third... one."""
_IN_TURN_MS: Final = 8.0
"""A turn's timed calls take about so long, or as long as the yardstick where that takes longer."""
_MOST_IN_TURN: Final = 8


def infer(ask: Infer) -> Inferred:
    """Open the network and run it on the windows of the pack's self-test, batch after batch."""
    pack = read_any_pack(ask.pack)
    interpreter = open_interpreter(pack.model, n_threads=ask.threads)
    windows = pack.self_test.inputs
    began_s = time.perf_counter()
    interpreter.invoke(windows[0])
    first_ms = (time.perf_counter() - began_s) * 1e3
    yardstick = Yardstick(weight_bytes=len(pack.model))
    runs = {}
    for batch in ask.batches:
        if batch == 1 or takes(interpreter, windows, batch):
            call = slowed(_call(interpreter, windows, batch))
            runs[batch] = steady(call, batch, ask.seconds / len(ask.batches), yardstick)
    return Inferred(
        kernel_family=interpreter.kernel_family,
        first_ms=first_ms,
        runs=runs,
        yardstick_ms=tuple(round(ms, 4) for ms in yardstick.times_ms),
    )


def takes(interpreter: Interpreter, windows: Tensor, batch: int) -> bool:
    """Whether the network takes so many windows at once and gives each what it gives it alone, bit for bit.

    The loop asks the same before it runs windows together: see `edge.model.Model.batch_of`.
    """
    together = np.resize(windows, (batch, *windows.shape[1:]))  # repeats them as often as it takes
    try:
        outputs = interpreter.invoke_batch(together)
    except PackError:  # the model states how many it takes
        return False
    return np.array_equal(outputs, np.concatenate([interpreter.invoke(window) for window in together]))


def _call(interpreter: Interpreter, windows: Tensor, batch: int) -> Callable[[], object]:
    if batch == 1:
        return lambda: interpreter.invoke(windows[0])
    together = np.resize(windows, (batch, *windows.shape[1:]))
    return lambda: interpreter.invoke_batch(together)


def steady(call: Callable[[], object], amount: int, seconds: float, yardstick: Yardstick) -> Run:
    """Time a call again and again, in turn with the yardstick.

    A turn is the yardstick, one call that is not timed, since it finds the caches as the yardstick left them, and up
    to eight that are. The first tenth of the time warms up.

    Parameters
    ----------
    call
        What is timed.
    amount
        Windows of one call: values are for one.
    seconds
        How long; ten timed calls are made in any case.
    yardstick
        Gets a time for each turn.
    """
    now_s = time.perf_counter
    values: list[float] = []
    in_turn = 1
    gc.collect()
    gc.disable()
    try:
        begin_s = now_s()
        keep_s, end_s = begin_s + WARM_UP * seconds, begin_s + seconds
        first_kept: int | None = None
        first_turn = len(yardstick.times_ms)
        while now_s() < end_s or first_kept is None or len(values) - first_kept < FEWEST:
            if first_kept is None and now_s() >= keep_s:
                first_kept, first_turn = len(values), len(yardstick.times_ms)
            yardstick.measure()
            call()
            for _ in range(in_turn):
                began_s = now_s()
                call()
                values.append((now_s() - began_s) * 1e3 / amount)
            as_long_ms = max(_IN_TURN_MS, yardstick.times_ms[-1])
            in_turn = min(_MOST_IN_TURN, max(1, int(as_long_ms / (values[-1] * amount))))
    finally:
        gc.enable()
    kept = values[first_kept:]
    return Run(values=thinned(kept), yardstick_ms=median(yardstick.times_ms[first_turn:]))


def thinned(values: Sequence[float]) -> tuple[float, ...]:
    """Return every value, or every k-th where there are more than `MOST_KEPT`; to a tenth of a microsecond."""
    step = -(-len(values) // MOST_KEPT)
    return tuple(round(value, 4) for value in values[::step])
