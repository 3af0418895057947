"""What the machine could do at most: a dense matrix product through the library that runs the packs."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from benchmarks.peers.timing import Task
from converter.graph import Graph
from converter.quantise import Mode, quantise
from edge.interpreter import hushed

ROWS: Final = (512, 80, 40, 20)
"""Rows of the product, M: many, and as few as the last stages of the full-size network have."""
CHANNELS: Final = 1024
"""Columns of both factors, K = N."""
_CALL_MACS: Final = 1e9
"""About how much one timed call multiplies: the product is repeated until then."""


def peak_name(mode: Mode, rows: int) -> str:
    """Name of a product's task."""
    return f"{'int8' if mode is Mode.FULL else 'fp32'} product, M = {rows}"


def peak_tasks(n_threads: int) -> Iterator[Task]:
    """Give the products in int8 and in float32, counted in 10^9 multiply-accumulates."""
    for rows in ROWS:
        macs = rows * CHANNELS**2
        repeats = max(1, round(_CALL_MACS / macs))
        for mode in (Mode.FULL, Mode.FLOAT):
            interpreter = _loaded(_product(rows, mode), n_threads)
            yield Task(
                peak_name(mode, rows), _repeating(interpreter, repeats), repeats * macs / 1e9, interpreter.invoke
            )


def _repeating(interpreter: Any, repeats: int) -> Any:
    def call(_: int) -> None:
        for _ in range(repeats):
            interpreter.invoke()

    return call


def _product(rows: int, mode: Mode) -> bytes:
    """One 1x1 convolution of (1, 1, rows, CHANNELS) to as many channels."""
    draws = np.random.default_rng(rows)
    graph = Graph("product")
    x = graph.input("x", (1, 1, rows, CHANNELS))
    weights = draws.normal(scale=CHANNELS**-0.5, size=(CHANNELS, CHANNELS, 1)).astype(np.float32)
    y = graph.conv("product", x, weights, np.zeros(CHANNELS, np.float32))
    calibration = draws.normal(size=(2, *x.shape[1:])).astype(np.float32)
    return quantise(graph.to_bytes(x, y), mode, calibration)


def _loaded(model: bytes, n_threads: int) -> Any:
    """The runtime's own interpreter: only the product is to be timed, not the copies to it and back."""
    from ai_edge_litert import interpreter  # noqa: PLC0415

    with hushed():
        raw = interpreter.Interpreter(model_content=model, num_threads=n_threads)
        raw.allocate_tensors()
    return raw
