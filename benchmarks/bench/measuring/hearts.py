"""Synthetic hearts as one file, so that a process that measures has nothing to do with making them."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.signal import SampleBlock, Scale

RATE_HZ: Final = 130.0
"""Of a Polar H10."""
BLOCK_SAMPLES: Final = 73
"""What it puts in a frame."""
SCALE: Final = Scale(millivolts_per_count=1e-3, rails=(-20_000, 20_000))
"""Of `edge.heart.HeartStream`, which a process that measures does not import."""


def write_hearts(path: Path, n: int, minutes: float) -> None:
    """Write `n` hearts, each for so long: ``NDArray[int32]``, shape (n, n_samples), microvolt, as .npy."""
    from edge.heart import HeartStream  # noqa: PLC0415 - only who writes them needs it

    n_samples = round(minutes * 60.0 * RATE_HZ)
    hearts = np.empty((n, n_samples), np.int32)
    for seed, heart in enumerate(hearts):
        at = 0
        for block in HeartStream(seed=seed, rate_hz=RATE_HZ):
            part = block.counts[: n_samples - at]
            heart[at : at + part.size] = part
            at += part.size
            if at == n_samples:
                break
    np.save(path, hearts)


def blocks(counts: NDArray[np.int32]) -> Iterator[SampleBlock]:
    """Give one heart's samples, shape (n_samples,), as the wearable sends them."""
    for i in count(0, BLOCK_SAMPLES):
        part = counts[i : i + BLOCK_SAMPLES]
        if not part.size:
            return
        yield SampleBlock(part, SCALE, RATE_HZ, i, i / RATE_HZ, 1 / RATE_HZ)
