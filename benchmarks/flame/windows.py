"""Runs a stream through the loop window by window: what is sampled, timed and watched here.

Also a program of its own, so that another revision can be sampled: it asks of `edge` only names that do not change.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Final

import numpy as np

from edge.budget import Budget
from edge.heart import Heart
from edge.loop import InferenceLoop
from edge.model import open_model
from edge.pack import SHIPPED, read_pack
from edge.signal import SampleBlock, Scale

RATE_HZ: Final = 500.0
BLOCK_SAMPLES: Final = 500
BLOCKS: Final = 10
"""Blocks to a window of ten seconds."""
WARM_WINDOWS: Final = 60
_HEARTS: Final = 12
_DURATION_S: Final = 60.0


def stream() -> Iterator[SampleBlock]:
    """Blocks of one second of synthetic hearts, one after the other without end; all of them stand in memory."""
    keys = np.array([[411, subject, 0] for subject in range(_HEARTS)])
    hearts = Heart(1).windows(keys, rate_hz=RATE_HZ, duration_s=_DURATION_S).millivolts
    counts = np.rint(1e3 * hearts).astype(np.int32).reshape(-1, BLOCK_SAMPLES)
    place = 0
    while True:
        for block in counts:
            yield SampleBlock(block, Scale(1e-3), RATE_HZ, place, place / RATE_HZ, 1.0 / RATE_HZ)
            place += BLOCK_SAMPLES


def opened(pack: Path | None, hop_s: float = 10.0, now_s: Callable[[], float] = time.perf_counter) -> InferenceLoop:
    """Open a loop that no budget holds back; the shipped pack of estimates by default."""
    model = open_model(read_pack(pack or SHIPPED))
    return InferenceLoop(model, hop_s=hop_s, budget=Budget(inf, inf), now_s=now_s)


def run(loop: InferenceLoop, blocks: Iterator[SampleBlock], n_windows: int) -> Iterator[float]:
    """Push windows of ten seconds, and give the processor's time for all the blocks of each, s."""
    for _ in range(n_windows):
        took_s = 0.0
        for _ in range(BLOCKS):
            block = next(blocks)
            began_s = time.process_time()
            loop.push(block)
            took_s += time.process_time() - began_s
        yield took_s


def warm_up(loop: InferenceLoop, blocks: Iterator[SampleBlock], n_windows: int = WARM_WINDOWS) -> None:
    """Push windows that do not count."""
    for _ in run(loop, blocks, n_windows):
        pass


def main(to: str, n_windows: str, pack: str = "") -> None:
    """Warm up, run windows, and write what each took: a JSON list, s."""
    loop, blocks = opened(Path(pack) if pack else None), stream()
    warm_up(loop, blocks)
    Path(to).write_text(json.dumps(list(run(loop, blocks, int(n_windows)))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
