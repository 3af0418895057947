"""The synthetic heart's stream, longer than it takes to make it, and processes of their own."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Final, ParamSpec, TypeAlias, TypeVar

from benchmarks.figures import heart_blocks
from edge.loop import InferenceLoop
from edge.model import Model
from edge.outcome import Outcome
from edge.signal import SampleBlock
from edge.waves.reader import WaveReader

RATE_HZ: Final = 130.0
"""Of the stream, as a Polar H10 has it."""
WINDOW_S: Final = 10.0

_P = ParamSpec("_P")
_T = TypeVar("_T")
Piece: TypeAlias = tuple[SampleBlock, tuple[Outcome, ...]]
"""A block, and the outcomes of the windows it completed."""


def apart(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call a function of a module in a process of its own, which has done nothing before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args, **kwargs).result()


def run_once(model: Model, reader: WaveReader, seconds: float, *, hop_s: float = WINDOW_S) -> list[Piece]:
    """Run a stretch of the stream through a loop, and keep it with its outcomes."""
    loop = InferenceLoop(model, reader, hop_s=hop_s)
    return [(block, loop.push(block)) for block in heart_blocks(seconds)]


def pieces(run: Sequence[Piece]) -> Iterator[Piece]:
    """Give a stretch again and again, as one stream without an end."""
    n_samples, duration_s = run[-1][0].end_index, run[-1][0].end_index / run[0][0].rate_hz
    return (moved(piece, number * n_samples, number * duration_s) for number in count() for piece in run)


def moved(piece: Piece, n_samples: int, seconds: float) -> Piece:
    """Put a piece of a stream so much later."""
    block, outcomes = piece
    later = (
        replace(
            outcome,
            span=replace(
                outcome.span,
                first_index=outcome.span.first_index + n_samples,
                start_s=outcome.span.start_s + seconds,
            ),
        )
        for outcome in outcomes
    )
    first_index, start_s = block.first_index + n_samples, block.start_s + seconds
    return replace(block, first_index=first_index, start_s=start_s), tuple(later)
