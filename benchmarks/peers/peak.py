"""What the machine could do at most: dense matrix products through the library that runs the packs."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from benchmarks.peers.timing import Task
from converter.graph import Graph
from converter.quantise import Mode, quantise
from edge.interpreter import hushed

ROWS: Final = (512, 80, 40, 20)
"""Rows of the product, M: many, and as few as the last stages of the full-size network have."""
STREAMED_ROWS: Final = (80, 40, 20)
"""Rows of the streamed product: 4 windows at once have 80 rows where one has 20."""
CHANNELS: Final = 1024
"""Columns of both factors, K = N."""
_CALL_MACS: Final = 1e9
"""About how much one timed call multiplies: the warm product is repeated until then."""


def peak_name(mode: Mode, rows: int) -> str:
    """Name of a warm product's task."""
    return f"{'int8' if mode is Mode.FULL else 'fp32'} product, M = {rows}, warm"


def streamed_name(rows: int) -> str:
    """Name of a streamed product's task."""
    return f"int8 product, M = {rows}, streamed"


def streamed_layers(n_weights: int) -> int:
    """How many products in a row have about as many weights as a network."""
    return max(1, round(n_weights / CHANNELS**2))


def peak_tasks(n_threads: int, n_weights: int) -> Iterator[Task]:
    """Give the products, counted in 10^9 multiply-accumulates.

    A warm product multiplies by the same weights again and again, and its caches are warmed up before it is timed. A
    streamed one goes once through as many weights as the network has, and finds the caches as the network does: as
    another task left them. What one reaches and the other does not is lost to fetching weights.

    Parameters
    ----------
    n_threads
        Threads of a kernel.
    n_weights
        Weights of the network.
    """
    for rows in ROWS:
        for mode in (Mode.FULL, Mode.FLOAT):
            yield warm_product(mode, rows, n_threads)
    layers = streamed_layers(n_weights)
    for rows in STREAMED_ROWS:
        interpreter = _loaded(_products(rows, layers, Mode.FULL), n_threads)
        yield Task(streamed_name(rows), _repeating(interpreter, 1), layers * rows * CHANNELS**2 / 1e9)


def warm_product(mode: Mode, rows: int, n_threads: int) -> Task:
    """Give one warm product, counted in 10^9 multiply-accumulates."""
    repeats = max(1, round(_CALL_MACS / (rows * CHANNELS**2)))
    interpreter = _loaded(_products(rows, 1, mode), n_threads)
    amount = repeats * rows * CHANNELS**2 / 1e9
    return Task(peak_name(mode, rows), _repeating(interpreter, repeats), amount, interpreter.invoke)


def _repeating(interpreter: Any, repeats: int) -> Callable[[int], None]:
    def call(_: int) -> None:
        for _ in range(repeats):
            interpreter.invoke()

    return call


def _products(rows: int, layers: int, mode: Mode) -> bytes:
    """Write 1x1 convolutions in a row, of (1, 1, rows, CHANNELS) to as many channels."""
    draws = np.random.default_rng(rows)
    graph = Graph("product")
    x = y = graph.input("x", (1, 1, rows, CHANNELS))
    for i in range(layers):
        weights = draws.normal(scale=CHANNELS**-0.5, size=(CHANNELS, CHANNELS, 1)).astype(np.float32)
        y = graph.conv(f"product{i}", y, weights, np.zeros(CHANNELS, np.float32))
    calibration = draws.normal(size=(2, *x.shape[1:])).astype(np.float32)
    return quantise(graph.to_bytes(x, y), mode, calibration)


def _loaded(model: bytes, n_threads: int) -> Any:
    """The runtime's own interpreter: only the product is to be timed, not the copies to it and back."""
    from ai_edge_litert import interpreter  # noqa: PLC0415

    with hushed():
        raw = interpreter.Interpreter(model_content=model, num_threads=n_threads)
        raw.allocate_tensors()
    return raw
